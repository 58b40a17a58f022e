import { createClientKind, type ClientKind } from '../client-kind.ts'
import { createPool, get } from '../library/undici-get.ts'

/**
 * undici as most programs use it: a pool of connections that are never idle.
 *
 * A `Pool`, because an `Agent` with limited connections opens one for every request once a server has
 * answered `Connection: close`.
 */
export function busyKeepAlive (count: number): ClientKind {
  const traits = { name: 'keep-alive, busy (undici)', count, isQuick: true }
  return {
    ...traits,
    async run (context) {
      const pool = createPool(context.target, count)
      const clients = createClientKind(traits, async (loop, { timeout }) => {
        await loop.run(async () => {
          const startedAt = performance.now()
          await get(pool, '/', timeout, (body) => { loop.identify(body) })
          loop.answered(startedAt)
        })
      })
      await clients.run(context)
      await pool.close()
    }
  }
}
