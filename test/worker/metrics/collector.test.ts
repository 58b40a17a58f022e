import t from 'tap'
import { WorkerMeasurements } from '../../../src/worker/metrics/measurements.ts'

const DRAIN = {
  progress: () => ({ requests: 1, connections: 2 }),
  report: () => ({ requests: 0, closedByUse: 0, closedByExpiry: 0, closedAtDeadline: 3, durationMs: 0 })
}

await t.test('what a worker says at last has the metrics of Node that it read before', async (t) => {
  const measurements = new WorkerMeasurements(DRAIN)
  const before = measurements.last()

  measurements.start()
  const read = await measurements.read()
  measurements.requests.add('GET', '/', 200, 1)
  measurements.countShed()
  const last = measurements.last()

  t.strictSame(before.node, [])
  t.ok(read.node.length > 10)
  t.match(last, { inFlight: 1, connections: 2, closedAtDeadline: 3, shed: 1, requests: [{ route: '/' }] })
  t.equal(last.node, read.node)
})

await t.test('a worker that nobody asked collects no metrics of Node', async (t) => {
  t.equal(new WorkerMeasurements(DRAIN).isStarted, false)
})
