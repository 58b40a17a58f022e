import { setTimeout } from 'node:timers/promises'

/** Milliseconds. Programs that are made from TypeScript while they start take seconds on a busy machine. */
const DEADLINE = 60_000
const LOOK_INTERVAL = 5

/** Waits for something that tells nobody when it happens. */
export async function until (isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`${isTrue} is still false after ${DEADLINE} ms`)
    await setTimeout(LOOK_INTERVAL)
  }
}
