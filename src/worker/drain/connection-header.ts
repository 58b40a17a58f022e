import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'

/** An object, a flat list of names and values, or a list of pairs. */
export type HeadersArgument = OutgoingHttpHeaders | readonly OutgoingHttpHeader[] | undefined

/** Node writes both itself: it adds `Keep-Alive` to the `Connection` header that it makes. */
const CONNECTION_HEADERS = new Set(['connection', 'keep-alive'])

/**
 * Sets the `Connection` header of an answer, and overrides the one of the application or of Fastify (which
 * announces the close in the answer to every request that arrives while it closes).
 *
 * @param headers the argument of `writeHead()`, which may contain the header as well
 * @param isLast whether the connection closes after this answer
 * @returns the headers to pass to `writeHead()` instead
 */
export function setConnectionHeader (
  response: ServerResponse, headers: HeadersArgument, isLast: boolean
): OutgoingHttpHeaders {
  const entries = toEntries(headers)
  const others = entries.filter(([name]) => !CONNECTION_HEADERS.has(name.toLowerCase()))
  const isPresent = others.length < entries.length || response.hasHeader('connection')

  if (isLast) {
    response.removeHeader('keep-alive')
    response.setHeader('connection', 'close')
  } else if (isPresent && response.shouldKeepAlive) {
    response.setHeader('connection', 'keep-alive')
  }
  return toObject(others)
}

function toEntries (headers: HeadersArgument): Array<[string, OutgoingHttpHeader]> {
  if (!isList(headers)) return Object.entries(headers ?? {}) as Array<[string, OutgoingHttpHeader]>
  if (Array.isArray(headers[0])) return headers as unknown as Array<[string, OutgoingHttpHeader]>
  return headers.flatMap((name, index): Array<[string, OutgoingHttpHeader]> =>
    index % 2 === 0 ? [[String(name), headers[index + 1] as OutgoingHttpHeader]] : [])
}

/** A list may repeat a header (`Set-Cookie`), in another case; Node 20 accepts several values only from an object. */
function toObject (entries: ReadonlyArray<[string, OutgoingHttpHeader]>): OutgoingHttpHeaders {
  const headers = new Map<string, [name: string, value: OutgoingHttpHeader]>()
  for (const [name, value] of entries) {
    const [firstName, earlier] = headers.get(name.toLowerCase()) ?? [name]
    headers.set(name.toLowerCase(), [firstName, earlier === undefined ? value : [earlier, value].flat().map(String)])
  }
  return Object.fromEntries(headers.values())
}

function isList (headers: HeadersArgument): headers is readonly OutgoingHttpHeader[] {
  return Array.isArray(headers)
}
