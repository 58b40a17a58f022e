import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds between two checks. */
const CHECK_INTERVAL = 20

/**
 * Waits for a condition that no event announces.
 *
 * @param timeout milliseconds
 * @param signal gives up early
 * @returns whether it became true in time
 */
export async function waitFor (isTrue: () => boolean, timeout: number, signal?: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + timeout
  while (!isTrue()) {
    if (performance.now() > deadline || signal?.aborted === true) return false
    await sleep(CHECK_INTERVAL)
  }
  return true
}
