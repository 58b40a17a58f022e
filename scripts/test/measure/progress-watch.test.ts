import t from 'tap'

import type { WorkerSighting } from '../../src/clients/recorder.ts'
import { RequestFailure } from '../../src/clients/request-failure.ts'
import { ProgressWatch } from '../../src/measure/progress-watch.ts'

const START = 1000
const GOAL = { duration: 20_000, reloads: 2 }

const request = (startedAt: number, endedAt: number) => ({ kind: 'any', startedAt, endedAt })
const sighting = (slot: number, generation: number, seenAt: number): WorkerSighting => {
  return { worker: { slot, generation, pid: 100 * generation + slot }, seenAt, openedAt: undefined }
}

await t.test('rate and latencies are those since the last progress, requests and failures those of the whole run', async (t) => {
  const watch = new ProgressWatch(START, GOAL)
  for (let number = 0; number < 10; number++) watch.answered(request(START, START + 4), true)
  watch.answered(request(START, START + 900), false)
  watch.failed({ ...request(START, START + 3), failure: new RequestFailure('timeout') })

  const first = watch.take(START + 2000)
  watch.answered(request(START + 2000, START + 2100), false)
  const second = watch.take(START + 3000)

  t.match(first, { elapsed: 2000, duration: 20_000, requests: 12, failures: 1, rate: 6 })
  t.ok(first.latencies !== undefined && first.latencies.p99 <= 4.1)
  t.match(second, { elapsed: 3000, requests: 13, failures: 1, rate: 1, latencies: undefined })
})

await t.test('workers are those that answered recently, generations all that ever did', async (t) => {
  const watch = new ProgressWatch(START, GOAL)
  watch.identified(sighting(0, 1, START))
  watch.identified(sighting(1, 1, START + 2000))
  watch.identified(sighting(0, 2, START + 3000))
  watch.identified({ worker: {}, seenAt: START + 3000, openedAt: undefined })

  t.strictSame(watch.take(START + 3000).workers, [{ generation: 2, count: 1 }, { generation: 1, count: 2 }])
  t.match(watch.take(START + 4000), { workers: [{ generation: 2, count: 1 }, { generation: 1, count: 1 }], generations: [1, 2] })
  t.match(watch.take(START + 60_000), { workers: [], generations: [1, 2] })
})

await t.test('a reload is in progress from its start to its end', async (t) => {
  const watch = new ProgressWatch(START, GOAL)

  t.match(watch.take(START), { reloading: undefined, reloads: { wanted: 2, ended: 0 } })
  watch.reloadStarted(START + 100)
  t.match(watch.take(START + 150), { reloading: 50, reloads: { ended: 0 } })
  watch.reloadEnded()
  t.match(watch.take(START + 200), { reloading: undefined, reloads: { ended: 1 } })
})
