import { setTimeout as pause } from 'node:timers/promises'

/** Milliseconds. Reaching it is a failure, so it is long enough for a busy machine. */
const DEADLINE = 60_000
const INTERVAL = 5

/**
 * Waits for a condition that no event announces.
 *
 * @param what describes it for the error message
 */
export async function waitUntil (isMet: () => boolean, what: () => string = () => String(isMet)): Promise<void> {
  const end = performance.now() + DEADLINE
  while (!isMet()) {
    if (performance.now() > end) throw new Error(`waited ${DEADLINE} ms in vain for ${what()}`)
    await pause(INTERVAL)
  }
}
