import t from 'tap'
import { supervise, superviseRunning } from './supervise.ts'

const NO_DELAY = { delay: 0, idleTimeout: 1000 }

await t.test('a stop drains all workers and ends when the last one has exited', async (t) => {
  const scene = superviseRunning({ STOP_TIMEOUT_MS: '8000' })

  scene.supervisor.stop(NO_DELAY)
  t.equal(scene.supervisor.state, 'stopping')
  t.strictSame(scene.table(), ['0/1 draining', '1/1 draining'])
  t.strictSame(scene.worker('0/1').sent.slice(-2), [
    { type: 'drain', limits: { timeout: 8000, idleTimeout: 1000 } },
    { type: 'pool', pool: { isStopping: true, isCrashLooping: false } }
  ])

  scene.worker('0/1').exits(0)
  t.strictSame(scene.stopped, [])
  scene.worker('1/1').exits(0)

  t.strictSame(scene.stopped, [0])
  t.equal(scene.supervisor.state, 'stopped')
  t.notOk(scene.host.hasTimer)
})

await t.test('a stop before the start ends at once', async (t) => {
  const scene = supervise()

  scene.supervisor.stop(NO_DELAY)
  scene.supervisor.start()

  t.strictSame(scene.stopped, [0])
  t.strictSame(scene.host.processes, [])
})

await t.test('a second stop changes nothing', async (t) => {
  const scene = superviseRunning({ STOP_TIMEOUT_MS: '8000' })
  scene.supervisor.stop(NO_DELAY)
  scene.host.advance(7000)

  scene.supervisor.stop(NO_DELAY)
  scene.host.advance(1000)

  t.strictSame(scene.host.processes.map(({ kills }) => kills), [1, 1])
})

await t.test('workers with open requests at the stop timeout are killed, and the exit code is 1', async (t) => {
  const scene = superviseRunning({ STOP_TIMEOUT_MS: '8000' })
  scene.supervisor.stop(NO_DELAY)
  scene.worker('0/1').says({ type: 'draining', progress: { requests: 2, connections: 4 } })

  scene.host.advance(7999)
  const before = scene.worker('0/1').kills
  scene.worker('1/1').exits(0)
  scene.host.advance(1)
  scene.worker('0/1').exits(null, 'SIGKILL')

  t.equal(before, 0)
  t.equal(scene.worker('0/1').kills, 1)
  t.strictSame(scene.stopped, [1])
  t.match(scene.line(/did not drain/), { level: 'warn', requests: 2, connections: 4 })
})

await t.test('workers with only connections at the stop timeout are killed, and the exit code stays 0', async (t) => {
  const scene = superviseRunning({ WORKERS: '1', STOP_TIMEOUT_MS: '8000' })
  scene.supervisor.stop(NO_DELAY)
  scene.worker('0/1').says({ type: 'draining', progress: { requests: 0, connections: 4 } })

  scene.host.advance(8000)
  scene.worker('0/1').exits(null, 'SIGKILL')

  t.strictSame(scene.stopped, [0])
})

await t.test('workers that did not report what they hold at the stop timeout count as cut', async (t) => {
  const scene = superviseRunning({ WORKERS: '1', STOP_TIMEOUT_MS: '8000' })
  scene.supervisor.stop(NO_DELAY)

  scene.host.advance(8000)
  scene.worker('0/1').exits(null, 'SIGKILL')

  t.strictSame(scene.stopped, [1])
})

await t.test('a stop while workers start ends them, and cuts no request', async (t) => {
  const scene = supervise({ WORKERS: '2', START_TIMEOUT_MS: '30000', STOP_TIMEOUT_MS: '8000' })
  scene.supervisor.start()
  scene.worker('0/1').becomesReady()

  scene.supervisor.stop(NO_DELAY)
  const stopping = scene.table()
  scene.worker('1/1').becomesReady()
  scene.worker('0/1').exits(0)
  scene.host.advance(8000)
  scene.worker('1/1').exits(null, 'SIGKILL')

  t.strictSame(stopping, ['0/1 draining', '1/1 draining'])
  t.strictSame(scene.serving, [])
  t.equal(scene.worker('1/1').kills, 1)
  t.strictSame(scene.stopped, [0])
})

await t.test('a stop during a reload ends both within the stop timeout', async (t) => {
  const scene = superviseRunning({ WORKERS: '2', DRAIN_TIMEOUT_MS: '80000', STOP_TIMEOUT_MS: '8000' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()
  scene.host.advance(5000)

  scene.supervisor.stop(NO_DELAY)
  const stopping = scene.table()
  const message = scene.worker('0/1').sent.findLast(({ type }) => type === 'drain')
  scene.host.advance(8000)

  t.strictSame(stopping, ['0/1 draining', '0/2 draining', '1/1 draining', '1/2 draining'])
  t.strictSame(message, { type: 'drain', limits: { timeout: 8000, idleTimeout: 1000 } })
  t.strictSame(scene.host.processes.map(({ kills }) => kills), [1, 1, 1, 1])
  t.match(scene.line('reload:failed'), { level: 'warn', generation: 2, slots: [2, 1], err: { message: 'the service is stopping' } })
})

await t.test('a worker that was draining before the stop keeps its own deadline when that is earlier', async (t) => {
  const scene = superviseRunning({ WORKERS: '1', DRAIN_TIMEOUT_MS: '10000', STOP_TIMEOUT_MS: '8000' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()
  scene.host.advance(7000)

  scene.supervisor.stop(NO_DELAY)
  const message = scene.worker('0/1').sent.findLast(({ type }) => type === 'drain')
  scene.host.advance(3000)

  t.strictSame(message, { type: 'drain', limits: { timeout: 3000, idleTimeout: 1000 } })
  t.strictSame(scene.host.processes.map(({ kills }) => kills), [1, 0])
})

await t.test('a stop gives no new deadline to a worker that was killed already', async (t) => {
  const scene = superviseRunning({ WORKERS: '1', DRAIN_TIMEOUT_MS: '1000' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()
  scene.host.advance(1000)
  const messages = scene.worker('0/1').sent.length

  scene.supervisor.stop(NO_DELAY)
  scene.worker('0/2').exits(0)
  scene.host.advance(60_000)
  scene.worker('0/1').exits(null, 'SIGKILL')

  t.equal(scene.worker('0/1').sent.filter(({ type }) => type === 'drain').length, 1)
  t.equal(messages, 2)
  t.equal(scene.worker('0/1').kills, 1)
  t.strictSame(scene.stopped, [0])
})

await t.test('a reload whose first replacement has not started yet does not begin during a stop', async (t) => {
  const scene = superviseRunning({ WORKERS: '1' })
  scene.supervisor.reload()
  scene.supervisor.reload()

  scene.supervisor.stop(NO_DELAY)
  scene.drained()

  t.strictSame(scene.stopped, [0])
  t.equal(scene.line('reload:started')?.generation, 2)
})

await t.test('a reload during a stop is ignored with a log line', async (t) => {
  const scene = superviseRunning()
  scene.supervisor.stop(NO_DELAY)

  scene.supervisor.reload()

  t.match(scene.lines.at(-1), { level: 'warn', text: 'reload ignored: the service is stopping' })
  t.strictSame(scene.table(), ['0/1 draining', '1/1 draining'])
})

await t.test('during the stop delay everything is served, and all workers receive that the service stops', async (t) => {
  const scene = superviseRunning({ STOP_TIMEOUT_MS: '8000' })

  scene.supervisor.stop({ delay: 5000, idleTimeout: 1000 })
  const delayed = scene.table()
  scene.host.advance(4999)
  const served = scene.table()
  scene.host.advance(1)

  t.match(scene.worker('1/1').sent.find((message) => message.type === 'pool' && message.pool.isStopping), { type: 'pool' })
  t.strictSame(delayed, ['0/1 ready', '1/1 ready'])
  t.strictSame(served, ['0/1 ready', '1/1 ready'])
  t.strictSame(scene.table(), ['0/1 draining', '1/1 draining'])
  t.match(scene.worker('0/1').sent.at(-1), { type: 'drain', limits: { timeout: 8000 } })
})

await t.test('during the stop delay a crashed worker is replaced, with a delay when workers crash often', async (t) => {
  const scene = superviseRunning()
  scene.supervisor.stop({ delay: 5000, idleTimeout: 1000 })

  for (let count = 0; count < 6; count++) scene.worker('0/1').exits(1)
  const delayed = scene.table()
  scene.host.advance(100)

  t.strictSame(delayed, ['1/1 ready'])
  t.strictSame(scene.table(), ['0/1 starting', '1/1 ready'])
})

await t.test('during the stop delay a worker is relieved with its usual drain timeout', async (t) => {
  const scene = superviseRunning({ WORKERS: '1', DRAIN_TIMEOUT_MS: '2000', STOP_TIMEOUT_MS: '8000' })
  const [relieved] = scene.host.processes
  scene.supervisor.stop({ delay: 1000, idleTimeout: 500 })

  relieved?.says({ type: 'relieve' })
  scene.worker('0/1').becomesReady()
  const relief = relieved?.sent.at(-1)
  scene.host.advance(1000)

  t.strictSame(relief, { type: 'drain', limits: { timeout: 2000 } })
  t.strictSame(relieved?.sent.at(-1), { type: 'drain', limits: { timeout: 1000, idleTimeout: 500 } })
})

await t.test('a reload in progress is abandoned in the stop delay, and the old workers keep serving', async (t) => {
  const scene = superviseRunning()
  scene.supervisor.reload()

  scene.supervisor.stop({ delay: 1000, idleTimeout: 500 })

  t.strictSame(scene.table(), ['0/1 ready', '0/2 draining', '1/1 ready'])
  t.equal(scene.supervisor.state, 'stopping')
})

await t.test('a stop delay that ends while the supervisor is working is not missed', async (t) => {
  for (let moment = 0; moment < 30; moment++) {
    const scene = superviseRunning({ WORKERS: '1' })
    scene.supervisor.stop({ delay: 100, idleTimeout: 500 })
    scene.host.advance(70 + moment)
    scene.host.creep = 1
    scene.worker('0/1').says({ type: 'relieve' })
    scene.host.creep = 0

    scene.host.advance(1000)

    t.notOk(scene.host.living.some(({ isDisconnected }) => !isDisconnected), `${moment} ms`)
  }
})

await t.test('a worker that crashes during a stop is not restarted', async (t) => {
  const scene = superviseRunning()
  scene.supervisor.stop(NO_DELAY)

  scene.worker('0/1').exits(null, 'SIGSEGV')

  t.strictSame(scene.table(), ['1/1 draining'])
})

await t.test('a kill ends every process at once', async (t) => {
  const scene = superviseRunning()
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()

  scene.supervisor.kill()

  t.strictSame(scene.host.processes.map(({ kills }) => kills), [1, 1, 1, 1])
})
