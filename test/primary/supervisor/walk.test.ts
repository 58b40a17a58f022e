import fc from 'fast-check'
import t from 'tap'
import { WalkedPool, walks } from './walk.ts'

/** For a long run: WALKS=100000 npx tap test/primary/supervisor/walk.test.ts */
const numRuns = Number(process.env.WALKS ?? 2000)

await t.test('the pool keeps its promises and comes to rest after any events in any order', async () => {
  fc.assert(fc.property(walks, (walk) => {
    const pool = new WalkedPool(walk)

    pool.start()
    for (const step of walk.steps) pool.take(step)

    pool.end(walk.ending)
  }), { numRuns, endOnFailure: false })
})
