import t from 'tap'
import { MeasurementCollector } from '../../../src/worker/metrics/collector.ts'

const DRAIN = {
  progress: () => ({ requests: 1, connections: 2 }),
  report: () => ({ requests: 0, closedByUse: 0, closedByExpiry: 0, closedAtDeadline: 3, durationMs: 0 })
}

await t.test('last() has the metrics of Node of the last read()', async (t) => {
  const collector = new MeasurementCollector(DRAIN)
  const before = collector.last()

  collector.start()
  const read = await collector.read()
  collector.requests.add('GET', '/', 200, 1)
  collector.countShed()
  const last = collector.last()

  t.strictSame(before.node, [])
  t.ok(read.node.length > 10)
  t.match(last, { inFlight: 1, connections: 2, closedAtDeadline: 3, shed: 1, requests: [{ route: '/' }] })
  t.equal(last.node, read.node)
})

await t.test('a worker collects no metrics of Node before they are read', async (t) => {
  t.equal(new MeasurementCollector(DRAIN).isStarted, false)
})
