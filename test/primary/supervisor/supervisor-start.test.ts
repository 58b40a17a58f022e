import t from 'tap'
import { PROTOCOL } from '../../../src/protocol/messages.ts'
import { supervise, superviseRunning } from './supervise.ts'

await t.test('a start forks a worker for each slot and serves when all of them are ready', async (t) => {
  const scene = supervise({ WORKERS: '2' })

  scene.supervisor.start()
  t.strictSame(scene.story(), ['worker:forked 0/1', 'worker:forked 1/1'])
  t.equal(scene.supervisor.state, 'starting')

  scene.worker('1/1').becomesReady()
  t.strictSame(scene.serving, [])
  scene.worker('0/1').becomesReady()

  t.strictSame(scene.serving, [2])
  t.equal(scene.supervisor.state, 'running')
  t.strictSame(scene.story(), ['worker:ready 1/1', 'worker:ready 0/1'])
  t.notOk(scene.host.hasTimer)
})

await t.test('an error while making the first generation is thrown to the caller', async (t) => {
  t.throws(() => supervise({ WORKERS: 'many' }), { code: 'BATON_INVALID_SETTINGS' })
})

for (const [first, second] of [['listens', 'reports ready'], ['reports ready', 'listens']] as const) {
  await t.test(`a worker that first ${first} and then ${second} is ready`, async (t) => {
    const scene = supervise({ WORKERS: '1' })
    scene.supervisor.start()
    const worker = scene.worker('0/1')
    const acts = {
      listens: () => { worker.listens() },
      'reports ready': () => { worker.says({ type: 'ready', protocol: PROTOCOL }) }
    }

    acts[first]()
    const before = scene.table()
    acts[second]()

    t.strictSame(before, ['0/1 starting'])
    t.strictSame(scene.table(), ['0/1 ready'])
    t.strictSame(scene.serving, [1])
  })
}

await t.test('a ready worker receives the state of the pool', async (t) => {
  const scene = supervise({ WORKERS: '1' })
  scene.supervisor.start()

  scene.worker('0/1').becomesReady()

  t.strictSame(scene.worker('0/1').sent, [{ type: 'pool', pool: { isStopping: false, isCrashLooping: false } }])
})

await t.test('log lines of a start have the documented fields', async (t) => {
  const scene = supervise({ WORKERS: '1' })

  scene.supervisor.start()
  scene.host.advance(123.4)
  scene.worker('0/1').becomesReady()

  t.match(scene.lines, [
    { level: 'info', event: 'worker:forked', slot: 0, generation: 1, pid: 100, text: 'worker forked' },
    { level: 'info', event: 'worker:ready', slot: 0, generation: 1, pid: 100, durationMs: 123, text: 'worker ready' }
  ])
})

await t.test('when no worker can start, each slot is tried once and the cause is the last line', async (t) => {
  const scene = supervise({ WORKERS: '2' })
  scene.supervisor.start()

  scene.worker('0/1').exits(1)
  t.strictSame(scene.table(), ['1/1 starting'])
  scene.worker('1/1').says({ type: 'failed', error: { message: 'the application threw', code: 'OOPS' } })
  scene.worker('1/1').exits(1)

  t.strictSame(scene.stopped, [3])
  t.equal(scene.supervisor.state, 'stopped')
  t.match(scene.lines.at(-1), {
    level: 'fatal', err: { message: 'the application threw', code: 'OOPS' }, text: 'no worker could start: the application threw'
  })
  t.equal(scene.host.processes.length, 2)
  t.strictSame(scene.serving, [])
  t.notOk(scene.host.hasTimer)
})

await t.test('after a failed start, stop, reload and scale do nothing', async (t) => {
  const scene = supervise({ WORKERS: '1' })
  scene.supervisor.start()
  scene.worker('0/1').exits(1)
  scene.lines.splice(0)

  scene.supervisor.reload()
  scene.supervisor.scale(1)
  scene.supervisor.stop({ delay: 0, idleTimeout: 0 })
  scene.supervisor.start()

  t.strictSame(scene.stopped, [3])
  t.equal(scene.host.processes.length, 1)
})

await t.test('a worker that cannot start in one slot is tried again when the others are ready', async (t) => {
  const scene = supervise({ WORKERS: '3' })
  scene.supervisor.start()

  scene.worker('1/1').exits(1)
  scene.worker('0/1').becomesReady()
  const meanwhile = scene.table()
  scene.worker('2/1').becomesReady()

  t.strictSame(meanwhile, ['0/1 ready', '2/1 starting'])
  t.strictSame(scene.serving, [2])
  t.strictSame(scene.table(), ['0/1 ready', '1/1 starting', '2/1 ready'])
})

await t.test('a failed first start counts among the crashes that delay a restart', async (t) => {
  const scene = supervise({ WORKERS: '2' })
  scene.supervisor.start()
  scene.worker('0/1').exits(1)
  scene.worker('1/1').becomesReady()

  for (let count = 0; count < 5; count++) scene.worker('0/1').exits(1)

  t.strictSame(scene.table(), ['1/1 ready'])
  t.match(scene.line('restart:delayed'), { durationMs: 100, crashes: 6 })
})

await t.test('a worker that was ready and crashes while others are starting is replaced at once', async (t) => {
  const scene = supervise({ WORKERS: '2' })
  scene.supervisor.start()
  scene.worker('0/1').becomesReady()

  scene.worker('0/1').exits(null, 'SIGSEGV')

  t.strictSame(scene.table(), ['0/1 starting', '1/1 starting'])
  t.equal(scene.supervisor.state, 'starting')
})

await t.test('a worker that is not ready in time is killed, and the start failed', async (t) => {
  const scene = supervise({ WORKERS: '1', START_TIMEOUT_MS: '500' })
  scene.supervisor.start()

  scene.host.advance(499)
  const before = scene.worker('0/1').kills
  scene.host.advance(1)
  const after = scene.worker('0/1').kills
  scene.worker('0/1').exits(null, 'SIGKILL')

  t.strictSame([before, after], [0, 1])
  t.strictSame(scene.stopped, [3])
  t.match(scene.line('worker:exited'), { level: 'warn', signal: 'SIGKILL' })
  t.match(scene.lines.at(-1), { level: 'fatal', err: { code: 'BATON_START_TIMEOUT' } })
})

await t.test('a worker that reports ready after it was killed for its start timeout is not ready', async (t) => {
  const scene = supervise({ WORKERS: '1', START_TIMEOUT_MS: '500' })
  scene.supervisor.start()
  scene.host.advance(500)

  scene.worker('0/1').becomesReady()

  t.strictSame(scene.table(), ['0/1 starting'])
})

await t.test('a worker that reported its error and does not exit is killed; its own error is the cause', async (t) => {
  const scene = supervise({ WORKERS: '1', START_TIMEOUT_MS: '500' })
  scene.supervisor.start()
  scene.worker('0/1').says({ type: 'failed', error: { message: 'the application threw' } })

  scene.worker('0/1').becomesReady()
  scene.host.advance(500)
  scene.worker('0/1').exits(null, 'SIGKILL')

  t.equal(scene.lines.at(-1)?.text, 'no worker could start: the application threw')
})

await t.test('a process that cannot be started fails the start with its cause', async (t) => {
  const scene = supervise({ WORKERS: '1' })
  scene.host.failsToFork = true
  scene.supervisor.start()

  scene.worker('0/1').fails('spawn EAGAIN')

  t.strictSame(scene.stopped, [3])
  t.equal(scene.lines.at(-1)?.text, 'no worker could start: cannot start a process for the worker (spawn EAGAIN)')
  t.strictSame(scene.story(), ['worker:exited 0/1'])
})

await t.test('a signal that could not be sent does not end a worker', async (t) => {
  const scene = supervise({ WORKERS: '1' })
  scene.supervisor.start()

  scene.worker('0/1').fails('kill EPERM')

  t.strictSame(scene.table(), ['0/1 starting'])
})

await t.test('a reload that is requested while the first workers start begins when they have started', async (t) => {
  const scene = supervise({ WORKERS: '2' })
  scene.supervisor.start()

  scene.supervisor.reload()
  scene.supervisor.reload()
  const before = scene.table()
  scene.worker('0/1').becomesReady()
  scene.worker('1/1').becomesReady()

  t.strictSame(before, ['0/1 starting', '1/1 starting'])
  t.strictSame(scene.serving, [2])
  t.strictSame(scene.table(), ['0/1 ready', '0/2 starting', '1/1 ready'])
})

await t.test('a starting worker that is no longer wanted does not delay the start', async (t) => {
  const scene = supervise({ WORKERS: '2' })
  scene.supervisor.start()

  scene.supervisor.scale(-1)
  scene.worker('0/1').becomesReady()

  t.strictSame(scene.table(), ['0/1 ready', '1/1 draining'])
  t.strictSame(scene.serving, [1])
})

await t.test('a start fails when the last worker that was no longer wanted has exited', async (t) => {
  const scene = supervise({ WORKERS: '2' })
  scene.supervisor.start()
  scene.supervisor.scale(-1)

  scene.worker('0/1').exits(1)
  const before = [...scene.stopped]
  scene.worker('1/1').exits(0)

  t.strictSame(before, [])
  t.strictSame(scene.stopped, [3])
})

await t.test('a worker that fails is taken out of rotation only if it already listens', async (t) => {
  const scene = supervise({ WORKERS: '2' })
  scene.supervisor.start()
  scene.worker('0/1').listens()

  for (const name of ['0/1', '1/1']) scene.worker(name).says({ type: 'failed', error: { message: 'its other port is taken' } })

  t.equal(scene.worker('0/1').isDisconnected, true)
  t.equal(scene.worker('1/1').isDisconnected, false)
  t.strictSame(scene.table(), ['0/1 starting', '1/1 starting'])
  for (const name of ['0/1', '1/1']) scene.worker(name).exits(1)
  t.strictSame(scene.stopped, [3])
})

await t.test('a message that only a primary sends is ignored', async (t) => {
  const scene = superviseRunning()

  scene.worker('0/1').receives({ baton: { type: 'ping' } })

  t.strictSame(scene.table(), ['0/1 ready', '1/1 ready'])
  t.strictSame(scene.lines, [])
})
