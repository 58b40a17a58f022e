import { Pool, type Dispatcher } from 'undici'

import { assertSuccess, RequestFailure, toRequestFailure } from '../request-failure.ts'
import type { Target } from '../target.ts'
import { followRequest } from './undici-trace.ts'

/** @returns a pool for HTTP/1.1 that checks no certificate */
export function createPool ({ origin }: Target, connections: number): Pool {
  return new Pool(origin, { connections, pipelining: 1, allowH2: false, connect: { rejectUnauthorized: false } })
}

/**
 * @param timeout milliseconds until the whole body must have arrived
 * @param check throws a RequestFailure for a wrong body, to which the connection is added
 * @throws RequestFailure
 */
export async function get (
  dispatcher: Dispatcher, path: string, timeout: number, check: (body: string) => void
): Promise<void> {
  const deadline = new AbortController()
  // undici's own timeouts are coarse, and restart with every piece of the body.
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
    check(Buffer.concat(pieces).toString())
  } catch (error) {
    const failure = deadline.signal.aborted && !(error instanceof RequestFailure) ? new RequestFailure('timeout', bytes) : toRequestFailure(error, bytes)
    const connection = followed.connection()
    if (connection !== undefined) failure.connection ??= connection
    throw failure
  } finally {
    clearTimeout(timer)
    followed.end()
  }
}
