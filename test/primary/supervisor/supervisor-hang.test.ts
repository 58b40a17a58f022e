import t from 'tap'
import { superviseRunning, type Scene, type Settings } from './supervise.ts'

/** Hangs are looked for as by default: after 30 s. */
function superviseListening (settings: Settings = {}): Scene {
  return superviseRunning({ HEARTBEAT_TIMEOUT_MS: '', ...settings })
}

/** Time in which all but one are heard of. */
function passes (scene: Scene, milliseconds: number, silent: string): void {
  const hung = scene.worker(silent)
  hung.isReady = false
  scene.passes(milliseconds)
  hung.isReady = true
}

await t.test('a worker that is silent for HEARTBEAT_TIMEOUT_MS is replaced at once', async (t) => {
  const scene = superviseListening()
  passes(scene, 29_999, '0/1')
  const before = scene.table()

  passes(scene, 1, '0/1')

  t.strictSame(before, ['0/1 ready', '1/1 ready'])
  t.strictSame(scene.table(), ['0/1 hung', '0/1 starting', '1/1 ready'])
})

await t.test('where it hangs is logged, and then it is killed', async (t) => {
  const scene = superviseListening()
  const [hung] = scene.host.processes
  if (hung !== undefined) hung.stack = Promise.resolve('at spin (app.js:3:9)')
  passes(scene, 30_000, '0/1')
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
  ['cannot be found out', async () => undefined],
  ['is an error to find out', async () => { throw new Error('no inspector') }]
] as const) {
  await t.test(`it is killed when where it hangs ${title}`, async (t) => {
    const scene = superviseListening()
    const [hung] = scene.host.processes
    if (hung !== undefined) hung.stack = stack()
    passes(scene, 30_000, '0/1')

    await new Promise(setImmediate)

    t.equal(hung?.kills, 1)
    t.match(scene.line('worker:hung'), { stack: undefined, text: 'killed a hung worker (no stack available)' })
  })
}

await t.test('it is killed three seconds later when nobody says where it hangs, and once', async (t) => {
  const scene = superviseListening()
  const [hung] = scene.host.processes
  let tell = (stack: string): void => { t.fail(stack) }
  if (hung !== undefined) hung.stack = new Promise((resolve) => { tell = resolve })
  passes(scene, 30_000, '0/1')

  scene.host.advance(2999)
  const before = hung?.kills
  scene.host.advance(1)
  tell('too late')
  await new Promise(setImmediate)

  t.strictSame([before, hung?.kills], [0, 1])
  t.equal(scene.lines.filter(({ event }) => event === 'worker:hung').length, 1)
})

await t.test('a worker that exits before it is known where it hung needs no kill', async (t) => {
  const scene = superviseListening()
  const [hung] = scene.host.processes
  if (hung !== undefined) hung.stack = Promise.resolve('at spin (app.js:3:9)')
  passes(scene, 30_000, '0/1')

  hung?.exits(1)
  await new Promise(setImmediate)

  t.equal(hung?.kills, 0)
  t.equal(scene.line('worker:hung'), undefined)
  t.strictSame(scene.table(), ['0/1 starting', '1/1 ready'])
})

await t.test('a worker that hangs is one crash', async (t) => {
  const scene = superviseListening({ WORKERS: '1', MAX_RESTARTS: '1' })
  const [hung] = scene.host.processes
  passes(scene, 30_000, '0/1')

  hung?.exits(null, 'SIGKILL')

  t.equal(scene.line('restart:delayed'), undefined)
})

await t.test('a worker that hangs and comes back is killed all the same', async (t) => {
  const scene = superviseListening()
  const [hung] = scene.host.processes
  passes(scene, 30_000, '0/1')

  hung?.beats()
  hung?.says({ type: 'relieve' })
  hung?.says({ type: 'failed', error: { message: 'nobody caught it' } })
  scene.host.advance(3000)

  t.equal(hung?.kills, 1)
})

await t.test('a worker that hangs is not disconnected: with the last one cluster would close the socket', async (t) => {
  const scene = superviseListening({ WORKERS: '1' })
  const [hung] = scene.host.processes
  passes(scene, 30_000, '0/1')

  scene.worker('0/1').becomesReady()

  t.notOk(hung?.isDisconnected)
  t.strictSame(scene.table(), ['0/1 hung', '0/1 ready'])
})

await t.test('two workers that hang together are both replaced at once', async (t) => {
  const scene = superviseListening()

  scene.host.advance(30_000)

  t.strictSame(scene.table(), ['0/1 hung', '0/1 starting', '1/1 hung', '1/1 starting'])
})

await t.test('while one hangs nobody else is drained who would be missed', async (t) => {
  const scene = superviseListening()
  passes(scene, 29_000, '1/1')
  scene.supervisor.reload()
  passes(scene, 1000, '1/1')

  scene.worker('0/2').becomesReady()

  t.strictSame(scene.table(), ['0/1 ready', '0/2 ready', '1/1 draining', '1/1 hung', '1/2 starting'])
})

await t.test('with MAX_SURGE=0 the replacement of one that hangs waits until it is gone', async (t) => {
  const scene = superviseListening({ MAX_SURGE: '0' })
  const [hung] = scene.host.processes
  passes(scene, 30_000, '0/1')
  const before = scene.table()

  hung?.exits(null, 'SIGKILL')

  t.strictSame(before, ['0/1 hung', '1/1 ready'])
  t.strictSame(scene.table(), ['0/1 starting', '1/1 ready'])
})

await t.test('heartbeats keep a worker alive, and so does any other message', async (t) => {
  const scene = superviseListening({ WORKERS: '1' })

  for (let count = 0; count < 5; count++) {
    scene.host.advance(29_000)
    scene.worker('0/1').beats()
    scene.host.advance(29_000)
    scene.worker('0/1').receives('something of the application')
  }

  t.strictSame(scene.table(), ['0/1 ready'])
})

await t.test('a worker that is busy for less than the timeout is left alone', async (t) => {
  const scene = superviseListening({ WORKERS: '1', HEARTBEAT_TIMEOUT_MS: '3000' })

  scene.host.advance(2999)
  scene.worker('0/1').beats()
  scene.host.advance(2999)

  t.strictSame(scene.table(), ['0/1 ready'])
})

await t.test('HEARTBEAT_TIMEOUT_MS=0 looks for no hangs, and needs no timer', async (t) => {
  const scene = superviseRunning({ HEARTBEAT_TIMEOUT_MS: '0' })

  scene.host.advance(1_000_000)

  t.strictSame(scene.table(), ['0/1 ready', '1/1 ready'])
  t.notOk(scene.host.hasTimer)
})

for (const gap of [2000, 29_999, 30_000, 3_600_000]) {
  await t.test(`silence of ${gap} ms in which we did not listen ourselves is forgiven`, async (t) => {
    const scene = superviseListening()
    scene.passes(10_000)

    scene.host.suspend(gap)
    scene.host.advance(0)
    scene.host.advance(29_000)
    const forgiven = scene.table()
    scene.host.advance(1000)

    t.strictSame(forgiven, ['0/1 ready', '1/1 ready'])
    t.strictSame(scene.table(), ['0/1 hung', '0/1 starting', '1/1 hung', '1/1 starting'])
  })
}

await t.test('it is forgiven also when the first thing that we hear of afterwards is something else', async (t) => {
  const scene = superviseListening()

  scene.host.suspend(60_000)
  scene.worker('0/1').exits(1)

  t.strictSame(scene.table(), ['0/1 starting', '1/1 ready'])
})

await t.test('a timer that is a little late forgives nothing', async (t) => {
  const scene = superviseListening({ WORKERS: '1' })

  for (let count = 0; count < 20; count++) {
    scene.host.suspend(1500)
    scene.host.advance(0)
  }

  t.strictSame(scene.table(), ['0/1 hung', '0/1 starting'])
})

await t.test('a worker that starts while we do not listen has a second to be heard of', async (t) => {
  const scene = superviseRunning({ WORKERS: '1', START_TIMEOUT_MS: '1000' })
  scene.worker('0/1').exits(1)

  scene.host.suspend(60_000)
  scene.host.advance(999)
  const forgiven = scene.worker('0/1').kills
  scene.host.advance(1)

  t.strictSame([forgiven, scene.worker('0/1').kills], [0, 1])
})

await t.test('a release whose first worker hangs while it is watched has failed', async (t) => {
  const scene = superviseRunning({ CANARY_MS: '5000', HEARTBEAT_TIMEOUT_MS: '3000' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()

  passes(scene, 3000, '0/2')

  t.match(scene.line('reload:failed'), { slot: 0, slots: [1, 1], err: { code: 'BATON_WORKER_HUNG' } })
  t.strictSame(scene.table(), ['0/1 ready', '0/2 hung', '1/1 ready'])
})

await t.test('the timeout is that of the release of the worker', async (t) => {
  const scene = superviseRunning({ WORKERS: '1', HEARTBEAT_TIMEOUT_MS: '0' })
  scene.settings = { WORKERS: '1', HEARTBEAT_TIMEOUT_MS: '3000', CANARY_MS: '10000' }
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()

  scene.host.suspend(5000)
  scene.host.advance(0)
  const forgiven = scene.table()
  scene.host.advance(3000)

  t.strictSame(forgiven, ['0/1 ready', '0/2 ready'])
  t.strictSame(scene.table(), ['0/1 ready', '0/2 hung'])
})

await t.test('a stop does not wait longer for one that hangs than for all others', async (t) => {
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

await t.test('nor does it for one of which it is found out at the stop itself that it hangs', async (t) => {
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
