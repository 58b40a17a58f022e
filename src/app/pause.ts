import { setTimeout } from 'node:timers/promises'

/**
 * Waits, but not for somebody who has left.
 *
 * @param ms how long, in milliseconds
 * @param signal ends the wait early and clears the timer; `request.signal` aborts when the client leaves
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
