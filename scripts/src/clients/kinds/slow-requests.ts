import { createClientKind, type ClientKind } from '../client-kind.ts'
import { createPool, get } from '../library/undici-get.ts'

/** Milliseconds that the server should take. */
const SHORTEST_WORK = 200
const LONGEST_WORK = 1500

/** Requests that are in progress when a reload begins, and some also when it has ended. */
export function slowRequests (count: number): ClientKind {
  const traits = { name: 'slow requests (undici)', count, isQuick: false }
  return createClientKind(traits, async (loop, { target, timeout }) => {
    const pool = createPool(target, 1)
    await loop.run(async () => {
      const startedAt = performance.now()
      await get(pool, `/slow?ms=${loop.between(SHORTEST_WORK, LONGEST_WORK)}`, timeout, (body) => { loop.identify(body) })
      loop.answered(startedAt)
    })
    await pool.close()
  })
}
