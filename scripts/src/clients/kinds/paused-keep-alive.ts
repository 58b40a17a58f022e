import { createClientKind, type ClientKind } from '../client-kind.ts'
import { createPool, get } from '../library/undici-get.ts'

const SHORTEST_PAUSE = 50
const LONGEST_PAUSE = 1500

/** undici with pauses: its connections are idle most of the time, also while a worker drains. */
export function pausedKeepAlive (count: number): ClientKind {
  const traits = { name: 'keep-alive, pauses (undici)', count, isQuick: true }
  return createClientKind(traits, async (loop, { target, timeout }) => {
    // A pool for each client, because a shared one would use the same few connections again and again.
    const pool = createPool(target, 1)
    await loop.run(async () => {
      const startedAt = performance.now()
      await get(pool, '/', timeout, (body) => { loop.identify(body) })
      loop.answered(startedAt)
      await loop.pause(loop.between(SHORTEST_PAUSE, LONGEST_PAUSE))
    })
    await pool.close()
  })
}
