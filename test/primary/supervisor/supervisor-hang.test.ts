import t from 'tap'
import { superviseRunning, type Scene, type Settings } from './supervise.ts'

/** Detects hangs as by default: after 30 s. */
function superviseWithHangDetection (settings: Settings = {}): Scene {
  return superviseRunning({ HEARTBEAT_TIMEOUT_MS: '', ...settings })
}

/** Lets time pass in which all but one worker send heartbeats. */
function passWithout (scene: Scene, milliseconds: number, silent: string): void {
  const hung = scene.worker(silent)
  hung.isReady = false
  scene.passes(milliseconds)
  hung.isReady = true
}

await t.test('a worker that is silent for HEARTBEAT_TIMEOUT_MS is replaced immediately', async (t) => {
  const scene = superviseWithHangDetection()
  passWithout(scene, 29_999, '0/1')
  const before = scene.table()

  passWithout(scene, 1, '0/1')

  t.strictSame(before, ['0/1 ready', '1/1 ready'])
  t.strictSame(scene.table(), ['0/1 hung', '0/1 starting', '1/1 ready'])
})

await t.test('the stack of a hung worker is logged, and then it is killed', async (t) => {
  const scene = superviseWithHangDetection()
  const [hung] = scene.host.processes
  if (hung !== undefined) hung.stack = Promise.resolve('at spin (app.js:3:9)')
  passWithout(scene, 30_000, '0/1')
  const before = hung?.kills

  await hung?.stack
  await null
  await null
  hung?.exits(null, 'SIGKILL')

  t.strictSame([before, hung?.kills], [0, 1])
  t.match(scene.line('worker:hung'), {
    level: 'error', slot: 0, generation: 1, pid: 100, stack: 'at spin (app.js:3:9)', text: 'killed a hung worker; its stack:\nat spin (app.js:3:9)'
  })
  t.match(scene.line('worker:exited'), {
    level: 'warn', text: 'worker was killed by SIGKILL: the worker hangs: no heartbeat for 30000 ms (HEARTBEAT_TIMEOUT_MS)'
  })
  t.strictSame(scene.table(), ['0/1 starting', '1/1 ready'])
})

for (const [title, stack] of [
  ['is not available', async () => undefined],
  ['cannot be read because of an error', async () => { throw new Error('no inspector') }]
] as const) {
  await t.test(`a hung worker is killed when its stack ${title}`, async (t) => {
    const scene = superviseWithHangDetection()
    const [hung] = scene.host.processes
    if (hung !== undefined) hung.stack = stack()
    passWithout(scene, 30_000, '0/1')

    await new Promise(setImmediate)

    t.equal(hung?.kills, 1)
    t.match(scene.line('worker:hung'), { stack: undefined, text: 'killed a hung worker (no stack available)' })
  })
}

await t.test('a hung worker is killed once, three seconds later, when no stack arrives', async (t) => {
  const scene = superviseWithHangDetection()
  const [hung] = scene.host.processes
  let resolveStack = (stack: string): void => { t.fail(stack) }
  if (hung !== undefined) hung.stack = new Promise((resolve) => { resolveStack = resolve })
  passWithout(scene, 30_000, '0/1')

  scene.host.advance(2999)
  const before = hung?.kills
  scene.host.advance(1)
  resolveStack('too late')
  await new Promise(setImmediate)

  t.strictSame([before, hung?.kills], [0, 1])
  t.equal(scene.lines.filter(({ event }) => event === 'worker:hung').length, 1)
})

await t.test('a hung worker that exits before its stack is known is not killed', async (t) => {
  const scene = superviseWithHangDetection()
  const [hung] = scene.host.processes
  if (hung !== undefined) hung.stack = Promise.resolve('at spin (app.js:3:9)')
  passWithout(scene, 30_000, '0/1')

  hung?.exits(1)
  await new Promise(setImmediate)

  t.equal(hung?.kills, 0)
  t.equal(scene.line('worker:hung'), undefined)
  t.strictSame(scene.table(), ['0/1 starting', '1/1 ready'])
})

await t.test('a hung worker counts as one crash', async (t) => {
  const scene = superviseWithHangDetection({ WORKERS: '1', MAX_RESTARTS: '1' })
  const [hung] = scene.host.processes
  passWithout(scene, 30_000, '0/1')

  hung?.exits(null, 'SIGKILL')

  t.equal(scene.line('restart:delayed'), undefined)
})

await t.test('a hung worker that recovers is killed all the same', async (t) => {
  const scene = superviseWithHangDetection()
  const [hung] = scene.host.processes
  passWithout(scene, 30_000, '0/1')

  hung?.beats()
  hung?.says({ type: 'relieve' })
  hung?.says({ type: 'failed', error: { message: 'uncaught error' } })
  scene.host.advance(3000)

  t.equal(hung?.kills, 1)
})

await t.test('a hung worker is not disconnected: with the last one cluster would close the socket', async (t) => {
  const scene = superviseWithHangDetection({ WORKERS: '1' })
  const [hung] = scene.host.processes
  passWithout(scene, 30_000, '0/1')

  scene.worker('0/1').becomesReady()

  t.notOk(hung?.isDisconnected)
  t.strictSame(scene.table(), ['0/1 hung', '0/1 ready'])
})

await t.test('two workers that hang at the same time are both replaced at once', async (t) => {
  const scene = superviseWithHangDetection()

  scene.host.advance(30_000)

  t.strictSame(scene.table(), ['0/1 hung', '0/1 starting', '1/1 hung', '1/1 starting'])
})

await t.test('while a worker hangs no other worker is drained that cannot be spared', async (t) => {
  const scene = superviseWithHangDetection()
  passWithout(scene, 29_000, '1/1')
  scene.supervisor.reload()
  passWithout(scene, 1000, '1/1')

  scene.worker('0/2').becomesReady()

  t.strictSame(scene.table(), ['0/1 ready', '0/2 ready', '1/1 draining', '1/1 hung', '1/2 starting'])
})

await t.test('with MAX_SURGE=0 the replacement of a hung worker waits until it has exited', async (t) => {
  const scene = superviseWithHangDetection({ MAX_SURGE: '0' })
  const [hung] = scene.host.processes
  passWithout(scene, 30_000, '0/1')
  const before = scene.table()

  hung?.exits(null, 'SIGKILL')

  t.strictSame(before, ['0/1 hung', '1/1 ready'])
  t.strictSame(scene.table(), ['0/1 starting', '1/1 ready'])
})

await t.test('heartbeats keep a worker alive, and so does any other message', async (t) => {
  const scene = superviseWithHangDetection({ WORKERS: '1' })

  for (let count = 0; count < 5; count++) {
    scene.host.advance(29_000)
    scene.worker('0/1').beats()
    scene.host.advance(29_000)
    scene.worker('0/1').receives('something of the application')
  }

  t.strictSame(scene.table(), ['0/1 ready'])
})

await t.test('a worker that is busy for less than the timeout is left alone', async (t) => {
  const scene = superviseWithHangDetection({ WORKERS: '1', HEARTBEAT_TIMEOUT_MS: '3000' })

  scene.host.advance(2999)
  scene.worker('0/1').beats()
  scene.host.advance(2999)

  t.strictSame(scene.table(), ['0/1 ready'])
})

await t.test('HEARTBEAT_TIMEOUT_MS=0 turns hang detection off, and needs no timer', async (t) => {
  const scene = superviseRunning({ HEARTBEAT_TIMEOUT_MS: '0' })

  scene.host.advance(1_000_000)

  t.strictSame(scene.table(), ['0/1 ready', '1/1 ready'])
  t.notOk(scene.host.hasTimer)
})

for (const gap of [2000, 29_999, 30_000, 3_600_000]) {
  await t.test(`silence during a pause of the primary of ${gap} ms does not count`, async (t) => {
    const scene = superviseWithHangDetection()
    scene.passes(10_000)

    scene.host.suspend(gap)
    scene.host.advance(0)
    scene.host.advance(29_000)
    const before = scene.table()
    scene.host.advance(1000)

    t.strictSame(before, ['0/1 ready', '1/1 ready'])
    t.strictSame(scene.table(), ['0/1 hung', '0/1 starting', '1/1 hung', '1/1 starting'])
  })
}

await t.test('silence during a pause does not count either when another event comes first afterwards', async (t) => {
  const scene = superviseWithHangDetection()

  scene.host.suspend(60_000)
  scene.worker('0/1').exits(1)

  t.strictSame(scene.table(), ['0/1 starting', '1/1 ready'])
})

await t.test('a timer that is slightly late is no pause', async (t) => {
  const scene = superviseWithHangDetection({ WORKERS: '1' })

  for (let count = 0; count < 20; count++) {
    scene.host.suspend(1500)
    scene.host.advance(0)
  }

  t.strictSame(scene.table(), ['0/1 hung', '0/1 starting'])
})

await t.test('a worker that starts during a pause of the primary has a second for its report to be read', async (t) => {
  const scene = superviseRunning({ WORKERS: '1', START_TIMEOUT_MS: '1000' })
  scene.worker('0/1').exits(1)

  scene.host.suspend(60_000)
  scene.host.advance(999)
  const before = scene.worker('0/1').kills
  scene.host.advance(1)

  t.strictSame([before, scene.worker('0/1').kills], [0, 1])
})

await t.test('a release whose first worker hangs while it is watched fails', async (t) => {
  const scene = superviseRunning({ CANARY_MS: '5000', HEARTBEAT_TIMEOUT_MS: '3000' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()

  passWithout(scene, 3000, '0/2')

  t.match(scene.line('reload:failed'), { slot: 0, slots: [1, 1], err: { code: 'BATON_WORKER_HUNG' } })
  t.strictSame(scene.table(), ['0/1 ready', '0/2 hung', '1/1 ready'])
})

await t.test('the heartbeat timeout is that of the worker\'s own release', async (t) => {
  const scene = superviseRunning({ WORKERS: '1', HEARTBEAT_TIMEOUT_MS: '0' })
  scene.settings = { WORKERS: '1', HEARTBEAT_TIMEOUT_MS: '3000', CANARY_MS: '10000' }
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()

  scene.host.suspend(5000)
  scene.host.advance(0)
  const before = scene.table()
  scene.host.advance(3000)

  t.strictSame(before, ['0/1 ready', '0/2 ready'])
  t.strictSame(scene.table(), ['0/1 ready', '0/2 hung'])
})

await t.test('a stop does not wait longer for a hung worker than for the others', async (t) => {
  const scene = superviseRunning({ WORKERS: '1', HEARTBEAT_TIMEOUT_MS: '3000', STOP_TIMEOUT_MS: '1000' })
  const [hung] = scene.host.processes
  scene.host.advance(3000)

  scene.supervisor.stop({ delay: 0, idleTimeout: 0 })
  scene.host.advance(1000)
  hung?.exits(null, 'SIGKILL')
  scene.drained()

  t.equal(hung?.kills, 1)
  t.notOk(hung?.sent.some(({ type }) => type === 'drain'))
  t.strictSame(scene.stopped, [1])
})

await t.test('a stop does not wait longer for a worker whose hang is detected during the stop', async (t) => {
  const scene = superviseRunning({ WORKERS: '1', HEARTBEAT_TIMEOUT_MS: '3000', STOP_TIMEOUT_MS: '1000' })
  const [hung] = scene.host.processes
  scene.host.advance(2900)
  scene.host.suspend(100)
  scene.supervisor.stop({ delay: 0, idleTimeout: 0 })
  const found = scene.table()

  scene.host.advance(1000)

  t.strictSame(found, ['0/1 hung'])
  t.equal(hung?.kills, 1)
})
