import type { Dispatcher } from 'undici'

import { assertSuccess, RequestFailure, toRequestFailure } from './request-failure.ts'
import { followRequest } from './undici-trace.ts'

/**
 * @param timeout milliseconds until the whole body must be there
 * @throws RequestFailure
 */
export async function get (dispatcher: Dispatcher, path: string, timeout: number): Promise<string> {
  const deadline = new AbortController()
  // undici's own timeouts are coarse, and start anew with every piece of the body.
  const timer = setTimeout(() => { deadline.abort() }, timeout)
  const pieces: Buffer[] = []
  const followed = followRequest()
  let bytes = 0
  try {
    const { statusCode, headers, body } = await dispatcher.request({
      method: 'GET', path, headers: followed.headers, signal: deadline.signal
    })
    for await (const piece of body as AsyncIterable<Buffer>) {
      pieces.push(piece)
      bytes += piece.length
    }
    followed.answered(headers)
    assertSuccess(statusCode, bytes)
    return Buffer.concat(pieces).toString()
  } catch (error) {
    if (error instanceof RequestFailure) throw error
    const failure = deadline.signal.aborted ? new RequestFailure('timeout', bytes) : toRequestFailure(error, bytes)
    const connection = followed.connection()
    if (connection !== undefined) failure.connection = connection
    throw failure
  } finally {
    clearTimeout(timer)
    followed.end()
  }
}
