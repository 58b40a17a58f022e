import t from 'tap'
import { readConfig } from '../../../src/config/config.ts'
import { Canary } from '../../../src/primary/supervisor/canary.ts'
import { Slots } from '../../../src/primary/supervisor/slots.ts'
import { WorkerHandle } from '../../../src/primary/workers/worker-handle.ts'

const release = {
  number: 2, config: readConfig({}, () => 2), variables: {}, environment: {}, program: '/worker.js', application: null, directory: '/'
}

function becomeReady (worker: WorkerHandle, now: number): void {
  worker.listens(now)
  worker.reportReady(now)
}

/** A worker of the release, ready since 1000. */
function ready (): WorkerHandle {
  const worker = new WorkerHandle(1, 0, release, 500)
  becomeReady(worker, 1000)
  return worker
}

await t.test('with a canary time of 0 there is no canary', async (t) => {
  const canary = new Canary(2, 0, 300)

  t.equal(canary.look(new Slots([ready()]), 1000), 'passed')
  t.ok(canary.hasPassed)
  t.equal(canary.worker, undefined)
  t.equal(canary.dueAt, Infinity)
})

await t.test('the canary is watched once it is ready, then asked, and passes when it answers', async (t) => {
  const canary = new Canary(2, 100, 300)
  const worker = ready()

  const verdicts = [canary.look(new Slots([]), 900), canary.look(new Slots([worker]), 1000), canary.look(new Slots([worker]), 1099), canary.look(new Slots([worker]), 1100), canary.look(new Slots([worker]), 1100)]
  const dueAt = canary.dueAt
  worker.noteAnswer(1100)

  t.strictSame(verdicts, ['wait', 'wait', 'wait', 'ask', 'wait'])
  t.equal(dueAt, 1400)
  t.equal(canary.worker, worker)
  t.equal(canary.look(new Slots([worker]), 1200), 'passed')
  t.equal(canary.dueAt, Infinity)
})

await t.test('the canary is silent when it has not answered in time', async (t) => {
  const canary = new Canary(2, 100, 300)
  const worker = ready()
  canary.look(new Slots([worker]), 1000)
  const dueAt = canary.dueAt

  t.equal(dueAt, 1100)
  t.strictSame([canary.look(new Slots([worker]), 1150), canary.look(new Slots([worker]), 1449), canary.look(new Slots([worker]), 1450)], ['ask', 'wait', 'silent'])
})

await t.test('an answer at the deadline counts', async (t) => {
  const canary = new Canary(2, 100, 300)
  const worker = ready()
  canary.look(new Slots([worker]), 1000)
  canary.look(new Slots([worker]), 1100)
  worker.noteAnswer(1400)

  t.equal(canary.look(new Slots([worker]), 1400), 'passed')
})

await t.test('the answer gets its full time again when the primary was paused', async (t) => {
  const canary = new Canary(2, 100, 300)
  const worker = ready()
  canary.look(new Slots([worker]), 1000)
  canary.look(new Slots([worker]), 1100)

  canary.creditPause(5000)

  t.strictSame([canary.look(new Slots([worker]), 5000), canary.look(new Slots([worker]), 5299), canary.look(new Slots([worker]), 5300)], ['wait', 'wait', 'silent'])
})

await t.test('workers that are of other generations or not ready are not the canary', async (t) => {
  const canary = new Canary(2, 100, 300)
  const old = new WorkerHandle(2, 0, { ...release, number: 1 }, 500)
  becomeReady(old, 600)

  canary.look(new Slots([old, new WorkerHandle(3, 0, release, 500)]), 2000)

  t.equal(canary.worker, undefined)
})

await t.test('when the canary drains, the next worker is watched and asked from the beginning', async (t) => {
  const canary = new Canary(2, 100, 300)
  const first = ready()
  canary.look(new Slots([first]), 1000)
  canary.look(new Slots([first]), 1100)
  first.drain(1150, { timeout: 100 })
  const second = new WorkerHandle(4, 1, release, 1100)
  becomeReady(second, 1200)

  const verdicts = [canary.look(new Slots([first]), 1150), canary.look(new Slots([first, second]), 1200), canary.look(new Slots([first, second]), 1300)]

  t.strictSame(verdicts, ['wait', 'wait', 'ask'])
  t.equal(canary.worker, second)
})
