import t from 'tap'
import { superviseRunning, type Scene } from './supervise.ts'

/** Lets the worker of a slot crash at one moment as often as counts as rare, and once more. */
function crashTooOften (scene: Scene, name: string): void {
  for (let count = 0; count < 6; count++) {
    scene.worker(name).exits(1)
    if (count < 5) scene.worker(name).becomesReady()
  }
}

for (const [code, signal, text] of [
  [1, null, 'worker exited unexpectedly with code 1'],
  [0, null, 'worker exited unexpectedly on its own'],
  [null, 'SIGKILL', 'worker was killed by SIGKILL']
] as const) {
  await t.test(`a worker that ends unexpectedly is replaced at once, and the log says: ${text}`, async (t) => {
    const scene = superviseRunning()

    scene.worker('1/1').exits(code, signal)

    t.strictSame(scene.table(), ['0/1 ready', '1/1 starting'])
    t.match(scene.line('worker:exited'), { level: 'warn', slot: 1, generation: 1, pid: 101, code, signal, text })
  })
}

await t.test('the only worker is replaced too', async (t) => {
  const scene = superviseRunning({ WORKERS: '1' })

  scene.worker('0/1').exits(1)

  t.strictSame(scene.table(), ['0/1 starting'])
})

await t.test('workers that crash often are restarted later, and all workers receive that', async (t) => {
  const scene = superviseRunning()

  crashTooOften(scene, '0/1')
  const delayed = scene.table()
  scene.host.advance(99)
  const early = scene.table()
  scene.host.advance(1)

  t.strictSame([delayed, early], [['1/1 ready'], ['1/1 ready']])
  t.strictSame(scene.table(), ['0/1 starting', '1/1 ready'])
  t.match(scene.line('restart:delayed'), { level: 'warn', durationMs: 100, crashes: 6 })
  t.strictSame(scene.worker('1/1').sent.at(-1), { type: 'pool', pool: { isStopping: false, isCrashLooping: true } })
})

await t.test('workers that crash often during the reload of their release are restarted later as well', async (t) => {
  const scene = superviseRunning({ WORKERS: '2' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()

  crashTooOften(scene, '0/2')

  t.strictSame(scene.table(), ['0/1 draining', '1/1 ready', '1/2 starting'])
  t.match(scene.line('restart:delayed'), { durationMs: 100, crashes: 6 })
})

await t.test('workers that crash while a restart is delayed are restarted with it, and one delay is logged', async (t) => {
  const scene = superviseRunning()
  crashTooOften(scene, '0/1')

  scene.host.advance(50)
  scene.worker('1/1').exits(1)
  const meanwhile = scene.table()
  scene.host.advance(50)

  t.strictSame(meanwhile, [])
  t.strictSame(scene.table(), ['0/1 starting', '1/1 starting'])
  t.equal(scene.lines.filter(({ event }) => event === 'restart:delayed').length, 1)
})

await t.test('a minute without a crash ends a crash loop, and all workers receive that', async (t) => {
  const scene = superviseRunning()
  crashTooOften(scene, '0/1')
  scene.host.advance(100)
  scene.worker('0/1').becomesReady()

  scene.host.advance(59_899)
  const before = scene.worker('0/1').sent.at(-1)
  scene.host.advance(1)

  t.match(before, { pool: { isCrashLooping: true } })
  t.strictSame(scene.worker('0/1').sent.at(-1), { type: 'pool', pool: { isStopping: false, isCrashLooping: false } })
  t.notOk(scene.host.hasTimer)
})

await t.test('a process that cannot be started is tried again, with a delay when that happens often', async (t) => {
  const scene = superviseRunning()
  scene.host.failsToFork = true

  scene.worker('0/1').exits(1)
  for (let count = 0; count < 5; count++) scene.worker('0/1').fails('spawn EMFILE')
  const delayed = scene.table()
  scene.host.failsToFork = false
  scene.host.advance(100)

  t.strictSame(delayed, ['1/1 ready'])
  t.strictSame(scene.table(), ['0/1 starting', '1/1 ready'])
  t.match(scene.line('worker:exited'), { text: 'worker was not started: cannot start a process for the worker (spawn EMFILE)' })
})

await t.test('a process that could not be started and is no longer wanted does not count as a crash', async (t) => {
  const scene = superviseRunning()
  scene.host.failsToFork = true
  scene.supervisor.scale(1)
  scene.supervisor.scale(-1)

  scene.worker('2/1').fails('spawn EMFILE')

  t.strictSame(scene.table(), ['0/1 ready', '1/1 ready'])
  t.match(scene.line('worker:exited'), { level: 'info' })
})

await t.test('a process that could not be started is reported once', async (t) => {
  const scene = superviseRunning()
  scene.host.failsToFork = true
  scene.worker('0/1').exits(1)
  const worker = scene.worker('0/1')
  worker.fails('spawn EMFILE')
  scene.lines.splice(0)

  worker.fails('spawn EMFILE')

  t.strictSame(scene.lines, [])
})

await t.test('a ready worker that failed is replaced first, then drained', async (t) => {
  const scene = superviseRunning({ WORKERS: '1' })
  const [failed] = scene.host.processes

  failed?.says({ type: 'failed', error: { message: 'uncaught error' } })
  const meanwhile = scene.table()
  scene.worker('0/1').becomesReady()
  const after = scene.table()
  failed?.exits(1)

  t.strictSame(meanwhile, ['0/1 ready', '0/1 starting'])
  t.strictSame(after, ['0/1 draining', '0/1 ready'])
  t.ok(failed?.isDisconnected)
  t.strictSame(scene.table(), ['0/1 ready'])
})

await t.test('a ready worker that failed and exits before it is relieved counts as one crash', async (t) => {
  const scene = superviseRunning({ WORKERS: '1' })
  const [failed] = scene.host.processes

  for (let count = 0; count < 5; count++) {
    const worker = scene.worker('0/1')
    worker.says({ type: 'failed', error: { message: 'uncaught error' } })
    worker.exits(1)
    scene.worker('0/1').becomesReady()
  }

  t.equal(scene.host.processes.length, 6)
  t.equal(scene.line('restart:delayed'), undefined)
  t.ok(failed?.hasExited)
  t.match(scene.line('worker:exited'), { text: 'worker exited with code 1: uncaught error' })
})

await t.test('a worker that fails in a crash loop keeps serving until its replacement may start', async (t) => {
  const scene = superviseRunning({ WORKERS: '1' })
  for (let count = 0; count < 5; count++) {
    scene.worker('0/1').exits(1)
    scene.worker('0/1').becomesReady()
  }

  scene.worker('0/1').says({ type: 'failed', error: { message: 'uncaught error' } })
  const delayed = scene.table()
  scene.host.advance(100)

  t.strictSame(delayed, ['0/1 ready'])
  t.strictSame(scene.table(), ['0/1 ready', '0/1 starting'])
})

await t.test('a worker that received SIGTERM is replaced first, then drained, and does not count as a crash', async (t) => {
  const scene = superviseRunning({ WORKERS: '1' })
  const [relieved] = scene.host.processes

  for (let count = 0; count < 3; count++) relieved?.says({ type: 'relieve' })
  const meanwhile = scene.table()
  scene.worker('0/1').becomesReady()

  t.strictSame(meanwhile, ['0/1 ready', '0/1 starting'])
  t.strictSame(scene.table(), ['0/1 draining', '0/1 ready'])
  t.equal(scene.lines.filter(({ text }) => text === 'worker received SIGTERM; relieving it').length, 1)
})

await t.test('SIGTERM to a starting or draining worker changes nothing', async (t) => {
  const scene = superviseRunning({ WORKERS: '1' })
  scene.supervisor.reload()
  scene.worker('0/2').says({ type: 'relieve' })
  scene.worker('0/2').becomesReady()

  scene.worker('0/1').says({ type: 'relieve' })

  t.strictSame(scene.table(), ['0/1 draining', '0/2 ready'])
})

await t.test('two workers to be relieved in one slot do not take the place of a third', async (t) => {
  const scene = superviseRunning({ WORKERS: '2' })
  const [first] = scene.host.processes
  first?.says({ type: 'relieve' })
  scene.worker('1/1').exits(1)
  scene.host.living.find(({ name, isReady }) => name === '0/1' && !isReady)?.becomesReady()
  scene.worker('0/1').says({ type: 'relieve' })

  scene.settle()

  t.strictSame(scene.table(), ['0/1 ready', '1/1 ready'])
  t.notOk(scene.supervisor.workers.some(({ isStale }) => isStale))
})

await t.test('a worker that disconnects on its own counts as a crash', async (t) => {
  const scene = superviseRunning({ WORKERS: '1' })
  scene.worker('0/1').isDisconnected = true

  scene.worker('0/1').exits(0)

  t.strictSame(scene.table(), ['0/1 starting'])
  t.match(scene.line('worker:exited'), { text: 'worker disconnected and exited on its own' })
})

await t.test('messages that are not ours are ignored', async (t) => {
  const scene = superviseRunning()
  scene.supervisor.reload()
  const before = scene.table()

  for (const message of ['ready', undefined, null, 7, {}, { type: 'ready' }, { baton: null }, { baton: 'ready' }, { baton: {} }, { baton: { type: 'other' } }]) {
    for (const process of scene.host.living) process.receives(message)
  }

  t.strictSame(scene.table(), before)
})

await t.test('messages of a process after its exit are ignored', async (t) => {
  const scene = superviseRunning({ WORKERS: '1' })
  const [gone] = scene.host.processes
  gone?.exits(1)
  scene.worker('0/1').becomesReady()
  scene.lines.splice(0)

  gone?.becomesReady()
  gone?.says({ type: 'relieve' })
  gone?.says({ type: 'failed', error: { message: 'too late' } })

  t.strictSame(scene.lines, [])
  t.strictSame(scene.table(), ['0/1 ready'])
})
