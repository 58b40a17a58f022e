import { setTimeout } from 'node:timers/promises'

/**
 * Waits for `ms` milliseconds, or until `signal` aborts.
 *
 * @param signal `request.signal`, for one, which aborts when the client disconnects
 * @returns whether the whole time has passed
 */
export async function pause (ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await setTimeout(ms, undefined, { signal })
    return true
  } catch {
    return false
  }
}
