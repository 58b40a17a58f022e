import type { Dispatcher } from 'undici'

import { assertSuccess, RequestFailure, toRequestFailure } from './request-failure.ts'

/**
 * @param timeout milliseconds until the whole body must be there
 * @throws RequestFailure
 */
export async function get (dispatcher: Dispatcher, path: string, timeout: number): Promise<string> {
  const deadline = new AbortController()
  // undici's own timeouts are coarse, and start anew with every piece of the body.
  const timer = setTimeout(() => { deadline.abort() }, timeout)
  const pieces: Buffer[] = []
  let bytes = 0
  try {
    const { statusCode, body } = await dispatcher.request({ method: 'GET', path, signal: deadline.signal })
    for await (const piece of body as AsyncIterable<Buffer>) {
      pieces.push(piece)
      bytes += piece.length
    }
    assertSuccess(statusCode, bytes)
    return Buffer.concat(pieces).toString()
  } catch (error) {
    if (deadline.signal.aborted) throw new RequestFailure('timeout', bytes)
    throw toRequestFailure(error, bytes)
  } finally {
    clearTimeout(timer)
  }
}
