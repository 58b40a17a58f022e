import t from 'tap'
import { supervise, superviseRunning, type Scene, type Settings } from './supervise.ts'

/** From now on no worker is ready: each one fails while it starts. */
function superviseUnserved (settings: Settings = {}): Scene {
  const scene = superviseRunning({ WORKERS: '1', ...settings })
  scene.worker('0/1').exits(1)
  return scene
}

/** Lets time pass in which every starting worker fails. */
function failStartsFor (scene: Scene, milliseconds: number): void {
  const end = scene.host.time + milliseconds
  while (scene.host.time < end) {
    for (const process of scene.host.living) {
      process.says({ type: 'failed', error: { message: 'no database' } })
      process.exits(1)
    }
    scene.host.advance(Math.min(end, scene.host.nextTimer) - scene.host.time)
  }
}

await t.test('when no worker was ready for a minute the service gives up with exit code 4 and the last cause', async (t) => {
  const scene = superviseUnserved()
  failStartsFor(scene, 59_999)
  const before = [...scene.stopped]

  failStartsFor(scene, 1)

  t.strictSame(before, [])
  t.strictSame(scene.stopped, [4])
  t.equal(scene.supervisor.state, 'stopped')
  t.match(scene.line(/giving up/), {
    level: 'fatal', durationMs: 60_000, err: { message: 'no database' }, text: 'no worker has been ready for 60000 ms; giving up: no database'
  })
  t.notOk(scene.host.hasTimer)
})

await t.test('on giving up, a starting worker is ended, and a draining one finishes its requests', async (t) => {
  const scene = superviseRunning({ WORKERS: '1', GIVE_UP_MS: '1000' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()
  scene.worker('0/2').exits(1)

  scene.host.advance(1000)
  const ending = scene.table()
  scene.supervisor.reload()
  scene.supervisor.scale(1)
  scene.host.advance(2000)
  const killed = scene.worker('0/2').kills
  scene.worker('0/2').exits(null, 'SIGKILL')
  const held = [...scene.stopped]
  scene.worker('0/1').exits(0)

  t.strictSame(ending, ['0/1 draining', '0/2 draining'])
  t.equal(killed, 1)
  t.match(scene.line(/reload ignored/), { level: 'warn' })
  t.strictSame(held, [])
  t.strictSame(scene.stopped, [4])
})

await t.test('a stop while the service gives up sets the stop timeout, and the exit code stays 4', async (t) => {
  const scene = superviseRunning({ WORKERS: '1', GIVE_UP_MS: '1000', STOP_TIMEOUT_MS: '500' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()
  scene.worker('0/2').exits(1)
  scene.host.advance(1000)

  scene.supervisor.stop({ delay: 0, idleTimeout: 0 })
  scene.host.advance(500)
  for (const process of scene.host.living) process.exits(null, 'SIGKILL')

  t.strictSame(scene.stopped, [4])
})

await t.test('giving up abandons a reload in progress', async (t) => {
  const scene = superviseUnserved({ GIVE_UP_MS: '1000', MAX_RESTARTS: '0' })
  scene.supervisor.reload()

  scene.host.advance(1000)
  scene.drained()

  t.match(scene.line('reload:failed'), { level: 'warn', generation: 2, err: { message: 'the service gives up' } })
  t.strictSame(scene.stopped, [4])
  t.equal(scene.line('reload:completed'), undefined)
})

await t.test('a worker that becomes ready in time resets the wait', async (t) => {
  const scene = superviseUnserved({ GIVE_UP_MS: '10000' })
  scene.host.advance(9999)
  scene.worker('0/1').becomesReady()
  scene.worker('0/1').exits(1)

  scene.host.advance(9999)
  const before = scene.table()
  scene.host.advance(1)

  t.strictSame(before, ['0/1 starting'])
  t.strictSame(scene.table(), ['0/1 draining'])
})

await t.test('the service does not give up while a worker serves', async (t) => {
  const scene = superviseRunning({ WORKERS: '2', GIVE_UP_MS: '1000' })
  scene.worker('1/1').exits(1)

  for (let count = 0; count < 20; count++) {
    scene.worker('1/1').exits(1)
    scene.host.advance(30_000)
  }

  t.strictSame(scene.stopped, [])
  t.ok(scene.table().includes('0/1 ready'))
})

await t.test('the service does not give up during the stop delay', async (t) => {
  const scene = superviseUnserved({ GIVE_UP_MS: '1000' })

  scene.supervisor.stop({ delay: 5000, idleTimeout: 0 })
  scene.host.advance(4000)
  const meanwhile = scene.table()
  scene.worker('0/1').becomesReady()
  scene.host.advance(1000)
  scene.drained()

  t.strictSame(meanwhile, ['0/1 starting'])
  t.strictSame(scene.stopped, [0])
})

await t.test('time during which the primary was paused does not count', async (t) => {
  const scene = superviseUnserved({ GIVE_UP_MS: '10000', START_TIMEOUT_MS: '100000' })
  scene.host.advance(5000)

  scene.host.suspend(60_000)
  scene.host.advance(0)
  scene.host.advance(3000)
  const forgiven = scene.table()
  scene.worker('0/1').becomesReady()

  t.strictSame(forgiven, ['0/1 starting'])
  t.strictSame(scene.table(), ['0/1 ready'])
})

await t.test('the settings give the restart intensity', async (t) => {
  const scene = superviseRunning({ MAX_RESTARTS: '1', RESTART_WINDOW_MS: '5000' })

  scene.worker('0/1').exits(1)
  scene.worker('0/1').becomesReady()
  scene.worker('0/1').exits(1)
  const delayed = scene.table()
  scene.host.advance(100)
  scene.worker('0/1').becomesReady()
  scene.host.advance(4900)

  t.strictSame(delayed, ['1/1 ready'])
  t.match(scene.line('restart:delayed'), { durationMs: 100, crashes: 2 })
  t.match(scene.worker('1/1').sent.at(-1), { pool: { isCrashLooping: false } })
})

await t.test('a start is not failed when the only worker was ready and crashed', async (t) => {
  const scene = supervise({ MAX_RESTARTS: '0' })
  scene.supervisor.start()
  scene.worker('0/1').becomesReady()
  scene.worker('0/1').exits(1)
  scene.supervisor.scale(-1)
  scene.drained()
  const before = scene.table()

  scene.host.advance(100)
  scene.settle()

  t.strictSame(before, [])
  t.strictSame(scene.stopped, [])
  t.strictSame(scene.serving, [1])
})

await t.test('when another worker would be useless, open requests are finished as on a stop, with exit code 4', async (t) => {
  const scene = superviseRunning({ STOP_TIMEOUT_MS: '5000', STOP_IDLE_MS: '200' })
  let stops = 0
  scene.supervisor.on('stopping', () => { stops++ })

  scene.supervisor.giveUp(new Error('the socket is lost'))
  scene.supervisor.giveUp(new Error('the socket is lost'))
  const ending = scene.table()
  const message = scene.worker('0/1').sent.find(({ type }) => type === 'drain')
  scene.worker('0/1').exits()
  scene.host.advance(5000)
  const { kills } = scene.worker('1/1')
  scene.worker('1/1').exits(null, 'SIGKILL')

  t.strictSame(ending, ['0/1 draining', '1/1 draining'])
  t.match(message, { limits: { timeout: 5000, idleTimeout: 200 } })
  t.equal(kills, 1)
  t.equal(stops, 1)
  t.match(scene.line(/giving up/), { level: 'fatal', err: { message: 'the socket is lost' }, text: 'giving up: the socket is lost' })
  t.strictSame(scene.stopped, [4])
})

await t.test('giving up cancels a rollout, and its reload receives that outcome', async (t) => {
  const scene = superviseRunning()
  const results: string[] = []
  scene.supervisor.reload(({ result }) => { results.push(result) })

  scene.supervisor.giveUp(new Error('the socket is lost'))

  t.strictSame(results, ['stopped'])
})

await t.test('giving up during a stop changes nothing', async (t) => {
  const scene = superviseRunning()
  scene.supervisor.stop({ delay: 0, idleTimeout: 0 })

  scene.supervisor.giveUp(new Error('the socket is lost'))
  scene.settle()

  t.strictSame(scene.stopped, [0])
})
