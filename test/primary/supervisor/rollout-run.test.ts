import t from 'tap'
import { readConfig } from '../../../src/config/config.ts'
import type { Generation } from '../../../src/primary/release/generation.ts'
import { RolloutRun } from '../../../src/primary/supervisor/rollout-run.ts'
import { WorkerHandle } from '../../../src/primary/workers/worker-handle.ts'

function release (number: number, directory = '/release'): Generation {
  return {
    number, config: readConfig({ CANARY_MS: '0' }, () => 2), variables: {}, environment: {}, program: `${directory}/worker.js`, application: null, directory
  }
}

/** @param places such as `0/1`: all of them are ready */
function ready (...places: readonly string[]): WorkerHandle[] {
  return places.map((place, id) => {
    const [slot, number] = place.split('/').map(Number) as [number, number]
    const worker = new WorkerHandle(id, slot, release(number), 0)
    worker.moveTo('ready', 1)
    return worker
  })
}

await t.test('a rollout that has as many workers as before is complete when all slots have theirs', async (t) => {
  const run = new RolloutRun(release(2), [1, 1], 2, 0)

  t.match(run.step(ready('0/2', '1/2'), [2, 2], 1, 10), { slots: [2, 2], isComplete: true })
})

await t.test('slots are added when all of the others are of the new release', async (t) => {
  const run = new RolloutRun(release(2), [1, 1], 3, 0)

  t.match(run.step(ready('0/2', '1/1'), [2, 1], 1, 10), { slots: [2, 2], isComplete: false })
  t.match(run.step(ready('0/2', '1/2'), [2, 2], 1, 10), { slots: [2, 2, 2], isComplete: false })
  t.match(run.step(ready('0/2', '1/2', '2/2'), [2, 2, 2], 1, 10), { slots: [2, 2, 2], isComplete: true })
})

await t.test('slots are taken away when all are of the new release', async (t) => {
  const run = new RolloutRun(release(2), [1, 1], 1, 0)

  t.match(run.step(ready('0/2', '1/2'), [2, 2], 1, 10), { slots: [2], isComplete: false })
  t.match(run.step(ready('0/2'), [2], 1, 10), { slots: [2], isComplete: true })
})

await t.test('a signal moves both the way there and the way back, and leaves one slot', async (t) => {
  const run = new RolloutRun(release(2), [1, 1], 4, 0)

  const changes = [run.scale(1), run.scale(-2), run.scale(-9), run.scale(-1)]

  t.strictSame(changes, [true, true, true, false])
  t.equal(run.length, 1)
  t.strictSame(run.retreat(ready('0/1', '1/1'), [1], () => release(1), true), [1])
})

for (const [title, directory, isFault, slots] of [
  ['in a release folder of its own, takes the relieved slots back', '/release/2', true, [1, 1, 1]],
  ['with files replaced in place leaves the relieved slots as they are', '/release', true, [2, 1, 1]],
  ['that is only overtaken leaves the relieved slots as they are', '/release/2', false, [2, 1, 1]]
] as const) {
  await t.test(`a rollout that ends half way, ${title}`, async (t) => {
    const run = new RolloutRun(release(2, directory), [1, 1, 1], 3, 0)

    t.strictSame(run.retreat(ready('0/2', '1/1', '1/2', '2/1'), [2, 2, 1], release, isFault), slots)
  })
}

await t.test('each slot goes back to what it had, and an added one to the newest of those', async (t) => {
  const run = new RolloutRun(release(5, '/release/5'), [2, 4], 2, 0)
  run.scale(1)

  t.strictSame(run.retreat(ready('0/5', '1/5', '2/5'), [5, 5, 5], release, true), [2, 4, 4])
})

await t.test('slots that were added or taken away by the release itself are so no more', async (t) => {
  const grown = new RolloutRun(release(2), [1, 1], 3, 0)
  const shrunk = new RolloutRun(release(2), [1, 1], 1, 0)

  t.strictSame(grown.retreat(ready('0/2', '1/2'), [2, 2, 2], () => release(1), true), [2, 2])
  t.strictSame(shrunk.retreat(ready('0/2'), [2], () => release(1), true), [2, 1])
})
