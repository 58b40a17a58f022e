import t from 'tap'

import type { RequestTimes } from '../../src/clients/recorder.ts'
import { chooseInterval, Timeline } from '../../src/measure/timeline.ts'

const START = 5000
const INTERVAL = 100
const SLICES = 1200

const request = (startedAt: number, endedAt: number): RequestTimes => {
  return { kind: 'any', startedAt: START + startedAt, endedAt: START + endedAt }
}
const sighting = (slot: number | undefined, generation: number, at: number) => {
  const worker = slot === undefined ? { generation } : { slot, generation, pid: 100 + slot }
  return { worker, seenAt: START + at, openedAt: undefined }
}

await t.test('the interval is chosen by the duration', async (t) => {
  for (const [duration, interval] of [[300, 100], [5_000, 100], [20_000, 250], [30_000, 250], [30_001, 500], [3_600_000, 500]] as const) {
    t.equal(chooseInterval(duration), interval, `${duration} ms`)
  }
})

await t.test('an empty run has no slices', async (t) => {
  t.strictSame(new Timeline(START, INTERVAL).report(), {
    interval: INTERVAL, answered: [], failed: [], p50: [], p99: [], max: [], connections: [], workers: []
  })
})

await t.test('a request belongs to the slice in which it ended, in any order of reports', async (t) => {
  const timeline = new Timeline(START, INTERVAL)
  timeline.answered(request(10, 310), true)
  timeline.answered(request(0, 99.9), true)
  timeline.answered(request(99, 100), true)
  timeline.failed(request(110, 250))

  const { answered, failed, max } = timeline.report()

  t.strictSame(answered, [1, 1, 0, 1])
  t.strictSame(failed, [0, 0, 1, 0])
  t.strictSame(max.map((latency) => latency === null ? null : Math.round(latency)), [100, 1, null, 300])
})

await t.test('latencies are those of quick requests, answers those of all requests', async (t) => {
  const timeline = new Timeline(START, INTERVAL)
  timeline.answered(request(0, 90), false)
  for (let number = 0; number < 98; number++) timeline.answered(request(10, 11), true)
  timeline.answered(request(0, 60), true)
  timeline.answered(request(0, 80), true)

  const { answered, p50, p99, max } = timeline.report()

  t.strictSame(answered, [101])
  t.ok(near(p50[0], 1) && near(p99[0], 60), `p50 ${p50[0]}, p99 ${p99[0]}`)
  t.strictSame(max, [80])
})

await t.test('an event before the start belongs to the first slice', async (t) => {
  const timeline = new Timeline(START, INTERVAL)
  timeline.connectionChanged(1, START - 1)

  t.strictSame(timeline.report().connections, [1])
})

await t.test('open connections are those opened and not yet closed at the end of a slice', async (t) => {
  const timeline = new Timeline(START, INTERVAL)
  for (const [change, at] of [[1, 10], [1, 20], [1, 110], [-1, 120], [-1, 130], [-1, 310]] as const) {
    timeline.connectionChanged(change, START + at)
  }

  t.strictSame(timeline.report().connections, [2, 1, 1, 0])
})

await t.test('each worker has the answers that name it, from the first to the last, ordered by slot', async (t) => {
  const timeline = new Timeline(START, INTERVAL)
  for (const seen of [
    sighting(1, 1, 0), sighting(0, 1, 50), sighting(0, 1, 60), sighting(0, 2, 210), sighting(1, 1, 220), sighting(undefined, 3, 310)
  ]) timeline.identified(seen)

  t.strictSame(timeline.report().workers, [
    { slot: 0, generation: 1, pid: 100, first: 0, answered: [2] },
    { slot: 0, generation: 2, pid: 100, first: 2, answered: [1] },
    { slot: undefined, generation: 3, pid: undefined, first: 3, answered: [1] },
    { slot: 1, generation: 1, pid: 101, first: 0, answered: [1, 0, 1] }
  ])
})

await t.test('memory is bounded: slices are merged in pairs, and nothing is lost', async (t) => {
  const timeline = new Timeline(START, INTERVAL)
  for (let slice = 0; slice < SLICES; slice++) {
    const at = slice * INTERVAL
    timeline.answered(request(at, at + 1 + slice % 2), true)
    timeline.failed(request(at, at))
    timeline.identified(sighting(0, 1, at))
    timeline.connectionChanged(1, START + at)
  }
  t.equal(timeline.report().answered.length, SLICES)

  timeline.answered(request(0, SLICES * INTERVAL * 3), true)

  const { interval, answered, failed, p50, max, connections, workers } = timeline.report()
  t.equal(interval, INTERVAL * 4)
  t.equal(answered.length, SLICES * 3 / 4 + 1)
  t.strictSame([answered[0], answered[299], answered.at(-1)], [4, 4, 1])
  t.strictSame([failed[0], connections[0], connections.at(-1)], [4, 4, SLICES])
  t.ok(near(p50[0], 1))
  t.equal(Math.round(max[0] ?? 0), 2)
  t.strictSame(workers, [{ slot: 0, generation: 1, pid: 100, first: 0, answered: Array.from({ length: 300 }, () => 4) }])
})

function near (latency: number | null | undefined, expected: number): boolean {
  return typeof latency === 'number' && latency >= expected * 0.999 && latency <= expected * 1.011
}
