import { Pool } from 'undici'

import { createClientKind, type ClientKind } from '../client-kind.ts'
import { get } from '../undici-get.ts'

const SHORTEST = 200
const LONGEST = 1500

/** Requests that are still being worked on when a reload begins, and some when it has ended. */
export function slowRequests (count: number): ClientKind {
  const traits = { name: 'slow requests (undici)', count, isQuick: false }
  return createClientKind(traits, async (loop, { target, timeout }) => {
    const pool = new Pool(target.origin, { connections: 1, pipelining: 1 })
    await loop.run(async () => {
      const startedAt = performance.now()
      loop.identify(await get(pool, `/slow?ms=${loop.between(SHORTEST, LONGEST)}`, timeout))
      loop.answered(startedAt)
    })
    await pool.close()
  })
}
