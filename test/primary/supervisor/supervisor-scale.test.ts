import t from 'tap'
import { supervise, superviseRunning } from './supervise.ts'

await t.test('scaling up forks a worker for a new slot', async (t) => {
  const scene = superviseRunning({ WORKERS: '2' })

  scene.supervisor.scale(1)

  t.strictSame(scene.table(), ['0/1 ready', '1/1 ready', '2/1 starting'])
  t.match(scene.line(/number of workers changed/), { level: 'info', workers: 3 })
})

await t.test('scaling down drains the worker of the last slot', async (t) => {
  const scene = superviseRunning({ WORKERS: '3' })

  scene.supervisor.scale(-1)

  t.strictSame(scene.table(), ['0/1 ready', '1/1 ready', '2/1 draining'])
})

await t.test('scaling down leaves one worker', async (t) => {
  const scene = superviseRunning({ WORKERS: '3' })

  scene.supervisor.scale(-10)
  const lines = scene.lines.length
  scene.supervisor.scale(-1)

  t.strictSame(scene.table(), ['0/1 ready', '1/1 draining', '2/1 draining'])
  t.equal(scene.lines.length, lines)
})

await t.test('scaling down drains no worker while another slot is not served', async (t) => {
  const scene = superviseRunning({ WORKERS: '2' })
  scene.worker('0/1').exits(1)

  scene.supervisor.scale(-1)
  const before = scene.table()
  scene.worker('0/1').becomesReady()

  t.strictSame(before, ['0/1 starting', '1/1 ready'])
  t.strictSame(scene.table(), ['0/1 ready', '1/1 draining'])
})

await t.test('scaling down and up again gives the slot a new worker while the old one drains', async (t) => {
  const scene = superviseRunning({ WORKERS: '2' })

  scene.supervisor.scale(-1)
  scene.supervisor.scale(1)

  t.strictSame(scene.table(), ['0/1 ready', '1/1 draining', '1/1 starting'])
})

await t.test('a worker that was added during a reload is of the new generation in the end', async (t) => {
  const scene = superviseRunning({ WORKERS: '2' })
  scene.supervisor.reload()

  scene.supervisor.scale(1)
  const meanwhile = scene.table()
  scene.settle()

  t.strictSame(meanwhile, ['0/1 ready', '0/2 starting', '1/1 ready', '2/1 starting'])
  t.equal(scene.line('reload:completed')?.generation, 2)
  t.strictSame(scene.table(), ['0/2 ready', '1/2 ready', '2/2 ready'])
})

await t.test('a slot that was added during a failed reload goes back to the previous generation', async (t) => {
  const scene = superviseRunning({ WORKERS: '1' })
  scene.supervisor.reload()
  scene.supervisor.scale(1)
  scene.worker('0/2').becomesReady()

  scene.drained()
  scene.worker('1/2').exits(1)

  t.strictSame(scene.line('reload:failed')?.slots, [1, 1])
  t.strictSame(scene.table(), ['0/1 ready', '0/2 ready', '1/1 starting'])
})

await t.test('a replacement that is starting in a removed slot is ended, and the reload completes', async (t) => {
  const scene = superviseRunning({ WORKERS: '2' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()

  scene.supervisor.scale(-1)

  t.strictSame(scene.table(), ['0/1 draining', '0/2 ready', '1/1 draining', '1/2 draining'])
  t.equal(scene.line('reload:completed')?.generation, 2)
})

await t.test('a slot that is removed and added again during a reload keeps its new worker', async (t) => {
  const scene = supervise({ WORKERS: '4', MAX_SURGE: '0' })
  scene.supervisor.start()
  scene.settle()
  scene.supervisor.reload()
  for (const name of ['0', '1', '2']) {
    scene.worker(`${name}/1`).exits(0)
    scene.worker(`${name}/2`).becomesReady()
  }
  scene.worker('3/1').exits(0)
  scene.worker('0/2').exits(1)
  scene.worker('3/2').becomesReady()

  scene.supervisor.scale(-1)
  scene.supervisor.scale(1)
  scene.worker('0/2').becomesReady()

  t.equal(scene.line('reload:completed')?.generation, 2)
  t.equal(scene.supervisor.state, 'running')
  t.strictSame(scene.table(), ['0/2 ready', '1/2 ready', '2/2 ready', '3/2 ready'])
})

await t.test('a single worker is relieved with a surge, even with MAX_SURGE=0', async (t) => {
  const scene = superviseRunning({ WORKERS: '2', MAX_SURGE: '0' })
  scene.supervisor.scale(-1)
  scene.settle()

  scene.supervisor.reload()
  const before = scene.table()
  scene.settle()

  t.strictSame(before, ['0/1 ready', '0/2 starting'])
  t.strictSame(scene.table(), ['0/2 ready', '1/2 ready'])
})

await t.test('scaling during a stop is ignored', async (t) => {
  const scene = superviseRunning({ WORKERS: '2' })
  scene.supervisor.stop({ delay: 0, idleTimeout: 0 })

  scene.supervisor.scale(1)

  t.strictSame(scene.table(), ['0/1 draining', '1/1 draining'])
})
