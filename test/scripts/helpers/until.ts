import { setTimeout } from 'node:timers/promises'

const DEADLINE = 10_000
const LOOK_INTERVAL = 5

/** Waits for something that tells nobody when it happens. */
export async function until (isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`${isTrue} is still false after ${DEADLINE} ms`)
    await setTimeout(LOOK_INTERVAL)
  }
}
