import t from 'tap'
import { NodeMetrics } from '../src/node-metrics.ts'

await t.test('Node\'s metrics are collected from the first question on, or before', async (t) => {
  const metrics = new NodeMetrics()
  const before = metrics.isStarted

  const families = await metrics.read()
  const names = families.map(({ name }) => name)

  t.strictSame([before, metrics.isStarted], [false, true])
  for (const name of ['process_resident_memory_bytes', 'process_cpu_seconds_total', 'nodejs_eventloop_lag_p99_seconds', 'nodejs_gc_duration_seconds']) {
    t.ok(names.includes(name), name)
  }
})

await t.test('what is sent is JSON: without numbers that it does not carry', async (t) => {
  const metrics = new NodeMetrics()
  metrics.start()

  const families = await metrics.read()

  // The delay of a loop that was not sampled yet is NaN.
  t.strictSame(JSON.parse(JSON.stringify(families)), families)
  t.strictSame(families.filter(({ name, type }) => name.endsWith('_total') && type !== 'counter'), [])
})
