import t from 'tap'
import { NodeMetrics } from '../src/node-metrics.ts'

await t.test('Node\'s metrics are collected from start() or the first read()', async (t) => {
  const metrics = new NodeMetrics()
  const before = metrics.isStarted

  const families = await metrics.read()
  const names = families.map(({ name }) => name)

  t.strictSame([before, metrics.isStarted], [false, true])
  for (const name of ['process_resident_memory_bytes', 'process_cpu_seconds_total', 'nodejs_eventloop_lag_p99_seconds', 'nodejs_gc_duration_seconds']) {
    t.ok(names.includes(name), name)
  }
})

await t.test('the metrics can be sent as JSON: they have no NaN', async (t) => {
  const metrics = new NodeMetrics()
  metrics.start()

  const families = await metrics.read()

  // The mean delay of the event loop is NaN before its first sample.
  t.strictSame(JSON.parse(JSON.stringify(families)), families)
  t.strictSame(families.filter(({ name, type }) => name.endsWith('_total') && type !== 'counter'), [])
})
