import fc from 'fast-check'
import t from 'tap'
import { WalkedPool, walks } from './walk.ts'

/** For a long run: WALKS=100000 npx tap test/primary/walk.test.ts */
const numRuns = Number(process.env.WALKS ?? 2000)

await t.test('whatever happens in whichever order, the pool keeps its promises and comes to rest', async () => {
  fc.assert(fc.property(walks, (walk) => {
    const pool = new WalkedPool(walk)

    pool.start()
    for (const step of walk.steps) pool.take(step)

    pool.end(walk.ending)
  }), { numRuns, endOnFailure: false })
})
