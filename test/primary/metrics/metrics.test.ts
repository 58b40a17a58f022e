import t from 'tap'
import type { Measurements } from '../../../src/protocol/measurements.ts'
import { MAX_SERIES } from '../../../src/protocol/measurements.ts'
import { Metrics } from '../../../src/primary/metrics/metrics.ts'
import { parseMetrics, sum, type Samples } from '../../helpers/exposition.ts'
import { waitUntil } from '../../helpers/wait-until.ts'
import type { FakeProcess } from '../supervisor/fake-host.ts'
import { superviseRunning, type Scene, type Settings } from '../supervisor/supervise.ts'
import { cpu, measurements, memory, requests } from './sample-measurements.ts'

const COUNT = 'http_request_duration_seconds_count'

interface Measured extends Scene {
  readonly metrics: Metrics
  /** Scrapes; the named workers answer with these measurements, the others not at all. */
  readonly scrape: (...answers: Array<readonly [string, Partial<Measurements>]>) => Promise<Samples>
}

function measure (settings: Settings = {}): Measured {
  const scene = superviseRunning(settings)
  const metrics = new Metrics({ supervisor: scene.supervisor, host: scene.host, version: '1.2.3' })
  return Object.assign(scene, {
    metrics,
    scrape: async (...answers: Array<readonly [string, Partial<Measurements>]>) => {
      const text = metrics.text()
      for (const [name, some] of answers) says(scene.worker(name), some)
      scene.host.advance(500)
      return parseMetrics(await text)
    }
  })
}

function says (process: FakeProcess, some: Partial<Measurements>): void {
  process.says({ type: 'measurements', measurements: measurements(some) })
}

await t.test('requests of all workers are summed, and Node\'s metrics are labelled by slot, beside those of the primary', async (t) => {
  const scene = measure()

  const samples = await scene.scrape(
    ['0/1', { requests: [requests(3)], inFlight: 1, connections: 4, shed: 2, node: [cpu(5), memory(100)] }],
    ['1/1', { requests: [requests(4), requests(1, { status: 404, route: 'unknown' })], inFlight: 1, connections: 2, closedAtDeadline: 1, node: [cpu(7), memory(200)] }]
  )

  t.equal(samples.get(`${COUNT}{method="GET",route="/",status="200"}`), 7)
  t.equal(samples.get(`${COUNT}{method="GET",route="unknown",status="404"}`), 1)
  t.equal(samples.get('http_request_duration_seconds_bucket{le="0.001",method="GET",route="/",status="200"}'), 7)
  t.equal(samples.get('http_request_duration_seconds_bucket{le="+Inf",method="GET",route="/",status="200"}'), 7)
  t.equal(samples.get('http_request_duration_seconds_sum{method="GET",route="/",status="200"}'), 0.007)
  t.equal(samples.get('baton_http_requests_in_flight'), 2)
  t.equal(samples.get('baton_connections'), 6)
  t.equal(samples.get('baton_shed_requests_total'), 2)
  t.equal(samples.get('baton_connections_closed_at_deadline_total'), 1)
  t.equal(samples.get('process_resident_memory_bytes{process="worker",slot="0"}'), 100)
  t.equal(samples.get('process_cpu_seconds_total{process="worker",slot="1"}'), 7)
  t.ok(Number(samples.get('process_resident_memory_bytes{process="primary"}')) > 1e6)
})

await t.test('a relieved worker\'s gauges disappear, and its counters stay', async (t) => {
  const scene = measure({ WORKERS: '1' })
  await scene.scrape(['0/1', { requests: [requests(10)], connections: 3, node: [cpu(5), memory(100)] }])
  const old = scene.worker('0/1')
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()

  const both = await scene.scrape(['0/1', { requests: [requests(11)], connections: 2, node: [cpu(6), memory(90)] }],
    ['0/2', { requests: [requests(1)], connections: 1, node: [cpu(1), memory(50)] }])
  says(old, { requests: [requests(12)], node: [cpu(7), memory(80)] })
  old.exits()
  const late = await scene.scrape(['0/2', { requests: [requests(1)], node: [cpu(1), memory(50)] }])
  scene.host.advance(5000)
  const later = await scene.scrape(['0/2', { requests: [requests(2)], node: [cpu(2), memory(50)] }])

  const cpuSeconds = 'process_cpu_seconds_total{process="worker",slot="0"}'
  const bytes = 'process_resident_memory_bytes{process="worker",slot="0"}'
  t.strictSame([both, late, later].map((samples) => sum(samples, COUNT)), [12, 13, 14])
  t.strictSame([both, late, later].map((samples) => samples.get(cpuSeconds)), [7, 8, 9])
  t.strictSame([both, late, later].map((samples) => samples.get(bytes)), [50, 50, 50])
  t.strictSame([both, late, later].map((samples) => samples.get('baton_connections')), [3, 0, 0])
})

await t.test('a worker that was killed counts with its last measurements', async (t) => {
  const scene = measure({ WORKERS: '1' })
  await scene.scrape(['0/1', { requests: [requests(10)], shed: 3 }])

  scene.worker('0/1').exits(null, 'SIGKILL')
  scene.host.advance(5000)
  scene.worker('0/1').becomesReady()
  const samples = await scene.scrape(['0/1', { requests: [requests(1)], shed: 1 }])

  t.equal(sum(samples, COUNT), 11)
  t.equal(samples.get('baton_shed_requests_total'), 4)
  t.equal(samples.get('baton_restarts_total{reason="signal"}'), 1)
})

await t.test('the last measurements of a worker may arrive shortly after its exit, not later', async (t) => {
  const scene = measure({ WORKERS: '1' })
  const [worker] = scene.host.processes as [FakeProcess]
  says(worker, { requests: [requests(10)] })

  worker.exits(1)
  scene.host.advance(100)
  says(worker, { requests: [requests(15)] })
  const soon = await scene.scrape()
  scene.host.advance(2000)
  await scene.scrape()
  says(worker, { requests: [requests(20)] })
  const late = await scene.scrape()

  t.equal(sum(soon, COUNT), 15)
  t.equal(sum(late, COUNT), 15)
})

await t.test('with fewer workers the gauges of a slot disappear, and its counters stay', async (t) => {
  const scene = measure()
  await scene.scrape(['0/1', { node: [cpu(1), memory(1)] }], ['1/1', { requests: [requests(5)], node: [cpu(2), memory(2)] }])

  scene.supervisor.scale(-1)
  scene.drained()
  scene.host.advance(2000)
  const samples = await scene.scrape(['0/1', { node: [cpu(1), memory(1)] }])

  t.equal(samples.get('process_cpu_seconds_total{process="worker",slot="1"}'), 2)
  t.equal(samples.get('process_resident_memory_bytes{process="worker",slot="1"}'), undefined)
  t.equal(samples.get('process_resident_memory_bytes{process="worker",slot="0"}'), 1)
  t.equal(sum(samples, COUNT), 5)
  t.equal(samples.get('baton_workers_wanted'), 1)
})

await t.test('a worker that does not answer delays a scrape by half a second, and counts with its last measurements', async (t) => {
  const scene = measure()
  await scene.scrape(['0/1', { requests: [requests(1)] }], ['1/1', { requests: [requests(2)] }])
  let text: string | undefined

  scene.metrics.text().then((scraped) => { text = scraped }, t.threw)
  says(scene.worker('0/1'), { requests: [requests(5)] })
  scene.host.advance(499)
  await new Promise((resolve) => { setImmediate(resolve) })
  const early = text
  scene.host.advance(1)
  await waitUntil(() => text !== undefined, () => 'the scrape')

  t.equal(early, undefined)
  t.equal(sum(parseMetrics(String(text)), COUNT), 7)
  t.notOk(scene.host.nextTimer < scene.host.time + 500)
})

await t.test('a scrape does not wait for a worker that exits meanwhile', async (t) => {
  const scene = measure()
  const text = scene.metrics.text()

  says(scene.worker('0/1'), { requests: [requests(5)] })
  scene.worker('1/1').exits(1)

  t.equal(sum(parseMetrics(await text), COUNT), 5)
})

await t.test('a worker that is starting or hung is not asked for measurements', async (t) => {
  const scene = measure({ HEARTBEAT_TIMEOUT_MS: '3000' })
  scene.host.advance(1500)
  scene.worker('0/1').beats()
  scene.host.advance(1501)

  t.strictSame(scene.table(), ['0/1 ready', '1/1 hung', '1/1 starting'])
  t.strictSame(scene.supervisor.measure().map(({ slot, state }) => `${slot} ${state}`), ['0 ready'])
  t.strictSame(scene.worker('0/1').sent.at(-1), { type: 'measure' })
  const samples = await scene.scrape(['0/1', {}])
  t.strictSame(['starting', 'ready', 'hung', 'draining'].map((state) => samples.get(`baton_workers{state="${state}"}`)), [1, 1, 1, 0])
  t.equal(samples.get('baton_restarts_total{reason="hang"}'), 1)
})

await t.test('scrapes at the same time share one collection', async (t) => {
  const scene = measure()
  const requestsSent = (): number => scene.worker('0/1').sent.filter(({ type }) => type === 'measure').length

  const scrapes = [scene.metrics.text(), scene.metrics.text()]
  scene.host.advance(500)
  const [one, other] = await Promise.all(scrapes)
  const before = requestsSent()
  await scene.scrape()

  t.equal(one, other)
  t.strictSame([before, requestsSent()], [1, 2])
})

await t.test('a scrape is answered when no worker can be asked', async (t) => {
  const scene = measure({ WORKERS: '1' })
  scene.worker('0/1').exits(1)

  t.match(await scene.metrics.text(), /baton_workers\{state="starting"\} 1\n/)
})

for (const [what, wrong] of [
  ['other buckets', { bounds: [1, 2, 3] }],
  ['too many routes', { requests: Array.from({ length: 2 * MAX_SERIES + 1 }, (_none, index) => requests(1, { route: `/${index}` })) }],
  ['a list that is not an array', { requests: 'many' as never }],
  ['too few buckets', { requests: [{ ...requests(1), counts: [1] }] }],
  ['a metric with a name of Baton', { node: [{ ...cpu(1), name: 'baton_workers' }] }],
  ['an unknown type', { node: [{ ...cpu(1), type: 'summary' }] }],
  ['the label of a slot', { node: [{ ...cpu(1), values: [{ value: 1, labels: { slot: '7' } }] }] }],
  ['a negative number', { shed: -1 }]
] as const) {
  await t.test(`invalid measurements are ignored: ${what}`, async (t) => {
    const scene = measure({ WORKERS: '1' })
    await scene.scrape(['0/1', { requests: [requests(3)], shed: 1, node: [cpu(1)] }])

    const samples = await scene.scrape(['0/1', wrong as Partial<Measurements>])

    t.equal(sum(samples, COUNT), 3)
    t.equal(samples.get('baton_shed_requests_total'), 1)
    t.equal(samples.get('process_cpu_seconds_total{process="worker",slot="0"}'), 1)
  })
}

await t.test('a metric with another type in another process is left out', async (t) => {
  const scene = measure({ WORKERS: '2' })

  const samples = await scene.scrape(['0/1', { node: [memory(1)] }], ['1/1', { node: [{ ...memory(2), type: 'counter' }] }])

  t.equal(sum(samples, 'process_resident_memory_bytes', 'slot='), 1)
})

await t.test('the number of routes of all releases together is limited, and routes that were counted stay', async (t) => {
  const scene = measure({ WORKERS: '1' })
  const half = (release: string): Partial<Measurements> =>
    ({ requests: Array.from({ length: MAX_SERIES * 0.6 }, (_none, index) => requests(1, { route: `/${release}/${index}` })) })
  await scene.scrape(['0/1', half('a')])
  scene.worker('0/1').exits(1)
  scene.host.advance(5000)
  scene.worker('0/1').becomesReady()

  const samples = await scene.scrape(['0/1', half('b')])
  const again = await scene.scrape(['0/1', half('b')])

  t.strictSame(samples.get(`${COUNT}{method="other",route="other",status="200"}`), MAX_SERIES * 0.2)
  t.equal(sum(samples, COUNT), MAX_SERIES * 1.2)
  t.equal(samples.get(`${COUNT}{method="GET",route="/a/0",status="200"}`), 1)
  t.strictSame(sum(again, COUNT), sum(samples, COUNT))
})
