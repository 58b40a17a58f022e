import type { Dispatcher } from 'undici'

import { assertSuccess, RequestFailure, toRequestFailure } from './request-failure.ts'

/**
 * @param timeout milliseconds until the whole body must be there
 * @throws RequestFailure
 */
export async function get (dispatcher: Dispatcher, path: string, timeout: number): Promise<string> {
  const deadline = new AbortController()
  // undici's own timeouts are coarse, and start anew with every piece of the body.
  const timer = setTimeout(() => { deadline.abort(new RequestFailure('timeout')) }, timeout)
  try {
    const { statusCode, body } = await dispatcher.request({ method: 'GET', path, signal: deadline.signal })
    const text = await body.text()
    assertSuccess(statusCode, text.length)
    return text
  } catch (error) {
    throw toRequestFailure(error)
  } finally {
    clearTimeout(timer)
  }
}
