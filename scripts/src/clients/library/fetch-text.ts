import { assertSuccess, RequestFailure } from '../request-failure.ts'
import { followRequest } from './undici-trace.ts'

/** What is used of `fetch`: Node's and undici's differ only in their types. */
export type Fetch = (url: string, options: { headers: Record<string, string>, signal: AbortSignal }) => Promise<FetchedResponse>

interface FetchedResponse {
  readonly status: number
  readonly headers: Iterable<[string, string]>
  readonly body: AsyncIterable<Uint8Array> | null
}

/**
 * @param timeout milliseconds until the whole body must have arrived
 * @param check throws a RequestFailure for a wrong body
 * @throws RequestFailure
 */
export async function fetchText (send: Fetch, url: string, timeout: number, check: (body: string) => void): Promise<void> {
  const deadline = new AbortController()
  const timer = setTimeout(() => { deadline.abort() }, timeout)
  const followed = followRequest()
  const pieces: Uint8Array[] = []
  let bytes = 0
  try {
    const { status, headers, body } = await send(url, { headers: followed.headers, signal: deadline.signal })
    for await (const piece of body ?? []) {
      pieces.push(piece)
      bytes += piece.length
    }
    followed.answered(Object.fromEntries(headers))
    assertSuccess(status, bytes)
    check(Buffer.concat(pieces).toString())
  } catch (error) {
    const failure = toFailure(error, bytes, deadline.signal)
    const connection = followed.connection()
    if (connection !== undefined) failure.connection ??= connection
    throw failure
  } finally {
    clearTimeout(timer)
    followed.end()
  }
}

/**
 * `fetch` throws "fetch failed" or "terminated" with the reason as its cause, whose class cannot be imported from
 * Node.
 */
function toFailure (error: unknown, bytes: number, deadline: AbortSignal): RequestFailure {
  if (error instanceof RequestFailure) return error
  if (deadline.aborted) return new RequestFailure('timeout', bytes)
  if (!(error instanceof TypeError) || !(error.cause instanceof Error)) throw error
  const { cause } = error
  const reason = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name
  return new RequestFailure(reason.startsWith('E') ? reason : `${reason} ${cause.message}`, bytes, { cause: error })
}
