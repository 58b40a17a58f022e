import t from 'tap'
import { supervise, superviseRunning } from './supervise.ts'

await t.test('with more WORKERS, workers are added when all others are of the new release', async (t) => {
  const scene = superviseRunning({ WORKERS: '2' })
  scene.settings = { WORKERS: '4' }
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()
  scene.worker('1/2').becomesReady()
  const half = scene.table()

  scene.settle()

  t.match(scene.line('reload:started'), { workers: 4 })
  t.strictSame(half, ['0/1 draining', '0/2 ready', '1/1 draining', '1/2 ready', '2/2 starting', '3/2 starting'])
  t.strictSame(scene.table(), ['0/2 ready', '1/2 ready', '2/2 ready', '3/2 ready'])
  t.equal(scene.line('reload:completed')?.generation, 2)
})

await t.test('with fewer WORKERS, workers are removed when all are of the new release', async (t) => {
  const scene = superviseRunning({ WORKERS: '3' })
  scene.settings = { WORKERS: '1' }

  scene.supervisor.reload()
  scene.settle()

  t.strictSame(scene.table(), ['0/2 ready'])
  t.equal(scene.line('reload:completed')?.generation, 2)
})

await t.test('a reload that fails half way does not change the number of workers', async (t) => {
  const scene = superviseRunning({ WORKERS: '1' })
  scene.settings = { WORKERS: '3' }
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()
  scene.worker('1/2').becomesReady()

  scene.worker('2/2').exits(1)
  scene.drained()

  t.strictSame(scene.line('reload:failed')?.slots, [2])
  t.strictSame(scene.table(), ['0/2 ready'])
})

await t.test('with a release folder of its own, a failed reload restores number and release', async (t) => {
  const scene = superviseRunning({ WORKERS: '1' })
  scene.settings = { WORKERS: '3' }
  scene.directory = '/releases/2'
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()
  scene.worker('1/2').becomesReady()

  scene.worker('2/2').exits(1)
  scene.settle()

  t.strictSame(scene.line('reload:failed')?.slots, [1])
  t.strictSame(scene.table(), ['0/1 ready'])
})

await t.test('a new value of WORKERS overrides earlier signals', async (t) => {
  const scene = superviseRunning({ WORKERS: '2' })
  scene.supervisor.scale(2)
  scene.settle()

  scene.supervisor.reload()
  scene.settle()

  t.strictSame(scene.table(), ['0/2 ready', '1/2 ready'])
})

await t.test('signals during the reload are added to WORKERS, even when no worker can be removed yet', async (t) => {
  const scene = superviseRunning({ WORKERS: '1' })
  scene.settings = { WORKERS: '4' }
  scene.supervisor.reload()

  scene.supervisor.scale(-1)
  const line = scene.line(/number of workers/)
  scene.settle()

  t.match(line, { workers: 3 })
  t.strictSame(scene.table(), ['0/2 ready', '1/2 ready', '2/2 ready'])
})

await t.test('signals between the request of a reload and its start are added to WORKERS', async (t) => {
  const scene = supervise({ WORKERS: '2' })
  scene.supervisor.start()
  scene.supervisor.scale(1)
  scene.supervisor.reload()

  scene.supervisor.scale(2)
  scene.settle()

  t.match(scene.line('reload:started'), { workers: 4 })
  t.strictSame(scene.table(), ['0/2 ready', '1/2 ready', '2/2 ready', '3/2 ready'])
})

await t.test('a reload logs which settings have changed, without their values and without other variables', async (t) => {
  const scene = superviseRunning({ DRAIN_TIMEOUT_MS: '7000', DATABASE_URL: 'postgres://secret' })
  scene.settings = { DRAIN_TIMEOUT_MS: '8765', STOP_IDLE_MS: '5', DATABASE_URL: 'postgres://other' }

  scene.supervisor.reload()

  t.strictSame(scene.line('reload:started')?.changed, ['DRAIN_TIMEOUT_MS', 'STOP_IDLE_MS'])
  t.notMatch(JSON.stringify(scene.lines), /8765|secret|other|DATABASE/)
})

await t.test('a changed setting of the socket or the primary is a warning, because a reload cannot apply it', async (t) => {
  const scene = superviseRunning({ PORT: '3000' })
  scene.settings = { PORT: '4000', HOST: '0.0.0.0', WORKERS: '2' }

  scene.supervisor.reload()

  t.match(scene.line(/cannot change/), {
    level: 'warn', changed: ['HOST', 'PORT'], text: 'a reload cannot change HOST, PORT: restart the service to apply it'
  })
})

await t.test('a reload that changes no setting logs no changes and no warning', async (t) => {
  const scene = superviseRunning()

  scene.supervisor.reload()

  t.strictSame(scene.line('reload:started')?.changed, [])
  t.equal(scene.line(/cannot change/), undefined)
})
