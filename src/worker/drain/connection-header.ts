import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'

/** An object, a flat list of names and values, or a list of pairs. */
export type HeadersArgument = OutgoingHttpHeaders | readonly OutgoingHttpHeader[] | undefined

/** Hints on the connection; Node adds its own `Keep-Alive` to the header that it writes itself. */
const CONNECTION_HEADERS = new Set(['connection', 'keep-alive'])

/**
 * Decides what an answer says about its connection, whatever the application or Fastify (which announces
 * the close in the answer to every request that arrives while it closes) said before.
 *
 * @param headers what was given to `writeHead()`: it may name the header as well
 * @param isLast whether the connection closes after this answer
 * @returns what to give to `writeHead()` instead
 */
export function setConnection (response: ServerResponse, headers: HeadersArgument, isLast: boolean): OutgoingHttpHeaders {
  const given = toEntries(headers)
  const kept = given.filter(([name]) => !CONNECTION_HEADERS.has(name.toLowerCase()))
  const isNamed = kept.length < given.length || response.hasHeader('connection')

  if (isLast) {
    response.removeHeader('keep-alive')
    response.setHeader('connection', 'close')
  } else if (isNamed && response.shouldKeepAlive) {
    response.setHeader('connection', 'keep-alive')
  }
  return toObject(kept)
}

function toEntries (headers: HeadersArgument): Array<[string, OutgoingHttpHeader]> {
  if (!isList(headers)) return Object.entries(headers ?? {}) as Array<[string, OutgoingHttpHeader]>
  if (Array.isArray(headers[0])) return headers as unknown as Array<[string, OutgoingHttpHeader]>
  return headers.flatMap((name, index): Array<[string, OutgoingHttpHeader]> =>
    index % 2 === 0 ? [[String(name), headers[index + 1] as OutgoingHttpHeader]] : [])
}

/** A list may name a header twice (`Set-Cookie`), in any case, which Node 20 takes from an object only. */
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
