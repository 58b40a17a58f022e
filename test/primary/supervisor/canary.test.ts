import t from 'tap'
import { readConfig } from '../../../src/config/config.ts'
import { Canary } from '../../../src/primary/supervisor/canary.ts'
import { WorkerHandle } from '../../../src/primary/workers/worker-handle.ts'

const release = {
  number: 2, config: readConfig({}, () => 2), variables: {}, environment: {}, program: '/worker.js', application: null, directory: '/'
}

/** A worker of the release that is ready since 1000. */
function ready (): WorkerHandle {
  const worker = new WorkerHandle(1, 0, release, 500)
  worker.moveTo('ready', 1000)
  return worker
}

await t.test('without a time to be watched there is no canary', async (t) => {
  const canary = new Canary(2, 0, 300)

  t.equal(canary.look([ready()], 1000), 'passed')
  t.ok(canary.hasPassed)
  t.equal(canary.worker, undefined)
  t.equal(canary.dueAt, Infinity)
})

await t.test('it is watched from its start, asked, and has passed when it answers', async (t) => {
  const canary = new Canary(2, 100, 300)
  const worker = ready()

  const verdicts = [canary.look([], 900), canary.look([worker], 1000), canary.look([worker], 1099), canary.look([worker], 1100), canary.look([worker], 1100)]
  const dueAt = canary.dueAt
  worker.answeredAt = 1100

  t.strictSame(verdicts, ['wait', 'wait', 'wait', 'ask', 'wait'])
  t.equal(dueAt, 1400)
  t.equal(canary.worker, worker)
  t.equal(canary.look([worker], 1200), 'passed')
  t.equal(canary.dueAt, Infinity)
})

await t.test('it is silent when it has not answered in time', async (t) => {
  const canary = new Canary(2, 100, 300)
  const worker = ready()
  canary.look([worker], 1000)
  const dueAt = canary.dueAt

  t.equal(dueAt, 1100)
  t.strictSame([canary.look([worker], 1150), canary.look([worker], 1449), canary.look([worker], 1450)], ['ask', 'wait', 'silent'])
})

await t.test('an answer at the last moment counts', async (t) => {
  const canary = new Canary(2, 100, 300)
  const worker = ready()
  canary.look([worker], 1000)
  canary.look([worker], 1100)
  worker.answeredAt = 1400

  t.equal(canary.look([worker], 1400), 'passed')
})

await t.test('it has its time anew when nobody listened', async (t) => {
  const canary = new Canary(2, 100, 300)
  const worker = ready()
  canary.look([worker], 1000)
  canary.look([worker], 1100)

  canary.forgive(5000)

  t.strictSame([canary.look([worker], 5000), canary.look([worker], 5299), canary.look([worker], 5300)], ['wait', 'wait', 'silent'])
})

await t.test('workers of other generations, and those that are not ready, are not looked at', async (t) => {
  const canary = new Canary(2, 100, 300)
  const old = new WorkerHandle(2, 0, { ...release, number: 1 }, 500)
  old.moveTo('ready', 600)

  canary.look([old, new WorkerHandle(3, 0, release, 500)], 2000)

  t.equal(canary.worker, undefined)
})

await t.test('one that drains is looked at no more, and the next is watched and asked from the start', async (t) => {
  const canary = new Canary(2, 100, 300)
  const first = ready()
  canary.look([first], 1000)
  canary.look([first], 1100)
  first.moveTo('draining', 1150)
  const second = new WorkerHandle(4, 1, release, 1100)
  second.moveTo('ready', 1200)

  const verdicts = [canary.look([first], 1150), canary.look([first, second], 1200), canary.look([first, second], 1300)]

  t.strictSame(verdicts, ['wait', 'wait', 'ask'])
  t.equal(canary.worker, second)
})
