import { Pool } from 'undici'

import { createClientKind, type ClientKind } from '../client-kind.ts'
import { get } from '../undici-get.ts'

/**
 * undici as most programs use it: a pool of connections that are never idle.
 *
 * A `Pool`, because an `Agent` of limited connections opens one for every request once a server has
 * answered `Connection: close`.
 */
export function busyKeepAlive (count: number): ClientKind {
  const traits = { name: 'keep-alive, busy (undici)', count, isQuick: true }
  return {
    ...traits,
    async run (context) {
      const pool = new Pool(context.target.origin, { connections: count, pipelining: 1 })
      const clients = createClientKind(traits, async (loop, { timeout }) => {
        await loop.run(async () => {
          const startedAt = performance.now()
          loop.identify(await get(pool, '/', timeout))
          loop.answered(startedAt)
        })
      })
      await clients.run(context)
      await pool.close()
    }
  }
}
