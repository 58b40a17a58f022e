import t from 'tap'
import { PoolMetrics } from '../../../src/primary/metrics/pool-metrics.ts'
import { supervise, type Scene, type Settings } from '../supervisor/supervise.ts'

const RESULTS = ['completed', 'failed', 'refused', 'overtaken', 'stopped']

function count (settings: Settings = {}): { scene: Scene, value: (name: string, label?: string) => number | undefined } {
  const scene = supervise(settings)
  const metrics = new PoolMetrics(scene.supervisor, '1.2.3')
  scene.supervisor.events.on('entry', (entry) => { metrics.note(entry) })
  scene.supervisor.start()
  scene.settle()
  return {
    scene,
    value: (name, label) => metrics.families()
      .flatMap((family) => family.values.map((value) => ({ name: family.name, ...value })))
      .find((value) => (value.metricName ?? value.name) === name && (label === undefined || Object.values(value.labels).includes(label)))?.value
  }
}

await t.test('every series exists before its first event', async (t) => {
  const { value } = count()

  t.strictSame(RESULTS.map((result) => value('baton_reloads_total', result)), [0, 0, 0, 0, 0])
  for (const reason of ['signal', 'code', 'itself', 'error', 'hang', 'start', 'limit', 'sigterm']) t.equal(value('baton_restarts_total', reason), 0, reason)
  t.strictSame(['starting', 'ready', 'hung', 'draining'].map((state) => value('baton_workers', state)), [0, 2, 0, 0])
  t.equal(value('baton_workers_wanted'), 2)
  t.equal(value('baton_generation'), 1)
  t.equal(value('baton_info', '1.2.3'), 1)
  t.equal(value('baton_info', process.version), 1)
  t.equal(value('baton_requests_cut_total'), 0)
})

await t.test('each reload counts once, by its result', async (t) => {
  const { scene, value } = count()

  scene.supervisor.reload()
  scene.settle()
  scene.settings = new Error('wrong')
  scene.supervisor.reload()
  scene.settings = {}
  scene.supervisor.reload()
  scene.worker('0/3').exits(1)
  scene.supervisor.reload()
  scene.supervisor.reload()
  scene.settle()
  scene.supervisor.reload()
  scene.supervisor.stop({ delay: 0, idleTimeout: 0 })

  t.strictSame(RESULTS.map((result) => value('baton_reloads_total', result)), [2, 1, 1, 1, 1])
  t.equal(value('baton_reload_duration_seconds_count'), 2)
  t.equal(value('baton_generation'), scene.supervisor.generation.number)
})

await t.test('durations of reloads and drains are in seconds', async (t) => {
  const { scene, value } = count({ WORKERS: '1' })

  scene.supervisor.reload()
  scene.host.advance(400)
  scene.worker('0/2').becomesReady()
  scene.host.advance(2000)
  scene.worker('0/1').exits()

  t.equal(value('baton_reload_duration_seconds_sum'), 0.4)
  t.equal(value('baton_reload_duration_seconds_bucket', 'nothing'), undefined)
  t.equal(value('baton_drain_duration_seconds_sum'), 2)
  t.equal(value('baton_drain_duration_seconds_count'), 1)
})

await t.test('a worker that is restarted or relieved counts by reason', async (t) => {
  const { scene, value } = count({ WORKERS: '3', MAX_WORKER_RSS_BYTES: '1000' })

  scene.worker('0/1').exits(null, 'SIGSEGV')
  scene.worker('1/1').beats({ rss: 1001 })
  scene.worker('2/1').says({ type: 'relieve' })
  scene.settle()
  scene.worker('0/1').exits(7)
  scene.settle()

  t.strictSame(['signal', 'limit', 'sigterm', 'code', 'error'].map((reason) => value('baton_restarts_total', reason)), [1, 1, 1, 1, 0])
})

await t.test('requests that a worker held when it was killed count as cut', async (t) => {
  const { scene, value } = count({ WORKERS: '1', DRAIN_TIMEOUT_MS: '5000' })
  const old = scene.worker('0/1')
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()
  old.says({ type: 'draining', progress: { requests: 3, connections: 2 } })

  scene.host.advance(5001)
  old.exits(null, 'SIGKILL')

  t.equal(value('baton_requests_cut_total'), 3)
  t.match(scene.line('worker:exited'), { cut: 3, wasKilled: true })
})
