import t from 'tap'
import { PROTOCOL } from '../../../src/protocol/messages.ts'
import { superviseRunning } from './supervise.ts'

await t.test('a reload replaces one slot at a time, and drains no worker before its replacement is ready', async (t) => {
  const scene = superviseRunning({ WORKERS: '2' })

  scene.supervisor.reload()
  t.strictSame(scene.table(), ['0/1 ready', '0/2 starting', '1/1 ready'])
  t.equal(scene.supervisor.state, 'reloading')

  scene.worker('0/2').becomesReady()
  t.strictSame(scene.table(), ['0/1 draining', '0/2 ready', '1/1 ready', '1/2 starting'])

  scene.worker('1/2').becomesReady()
  t.strictSame(scene.table(), ['0/1 draining', '0/2 ready', '1/1 draining', '1/2 ready'])
  t.equal(scene.supervisor.state, 'running')
  t.equal(scene.supervisor.generation.number, 2)

  t.strictSame(scene.story(), [
    'reload:started 2',
    'worker:forked 0/2', 'worker:ready 0/2', 'worker:draining 0/1',
    'worker:forked 1/2', 'worker:ready 1/2', 'worker:draining 1/1',
    'reload:completed 2'
  ])
})

await t.test('a reload of the only worker has its replacement ready first', async (t) => {
  const scene = superviseRunning({ WORKERS: '1' })

  scene.supervisor.reload()
  const before = scene.table()
  scene.worker('0/2').becomesReady()

  t.strictSame(before, ['0/1 ready', '0/2 starting'])
  t.strictSame(scene.table(), ['0/1 draining', '0/2 ready'])
})

await t.test('log lines of a reload have the documented fields', async (t) => {
  const scene = superviseRunning({ WORKERS: '1' })

  scene.supervisor.reload()
  scene.host.advance(250.4)
  scene.worker('0/2').becomesReady()
  scene.worker('0/1').exits(0)

  t.match(scene.lines, [
    { level: 'info', event: 'reload:started', generation: 2, workers: 1, application: null },
    { level: 'info', event: 'worker:forked', slot: 0, generation: 2, pid: 101 },
    { level: 'info', event: 'worker:ready', slot: 0, generation: 2, pid: 101, durationMs: 250 },
    { level: 'info', event: 'worker:draining', slot: 0, generation: 1, pid: 100 },
    { level: 'info', event: 'reload:completed', generation: 2, durationMs: 250 },
    { level: 'info', event: 'worker:exited', slot: 0, generation: 1, pid: 100, code: 0, signal: null }
  ])
})

await t.test('a draining worker receives its timeout, and no limit for idle connections', async (t) => {
  const scene = superviseRunning({ WORKERS: '1', DRAIN_TIMEOUT_MS: '7000' })

  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()

  t.strictSame(scene.worker('0/1').sent.at(-1), { type: 'drain', limits: { timeout: 7000 } })
  t.ok(scene.worker('0/1').isDisconnected)
})

await t.test('a refused reload changes nothing, and logs the reason', async (t) => {
  const scene = superviseRunning()

  scene.settings = new Error('PORT is wrong')
  scene.supervisor.reload()

  t.match(scene.lines, [{ level: 'error', event: 'reload:refused', err: { message: 'PORT is wrong' } }])
  t.strictSame(scene.table(), ['0/1 ready', '1/1 ready'])
  t.equal(scene.supervisor.state, 'running')
})

await t.test('a refused reload does not affect the one in progress', async (t) => {
  const scene = superviseRunning()
  scene.supervisor.reload()

  scene.settings = new Error('PORT is wrong')
  scene.supervisor.reload()
  scene.settle()

  t.equal(scene.line('reload:completed')?.generation, 2)
})

await t.test('the settings of a new generation apply when its reload has completed', async (t) => {
  const scene = superviseRunning({ WORKERS: '1', DRAIN_TIMEOUT_MS: '7000' })
  scene.settings = { WORKERS: '1', DRAIN_TIMEOUT_MS: '8000' }

  scene.supervisor.reload()
  scene.settle()
  scene.supervisor.reload()
  scene.settle()

  t.match(scene.worker('0/1').sent.at(-1), { limits: { timeout: 7000 } })
  t.match(scene.worker('0/2').sent.at(-1), { limits: { timeout: 8000 } })
})

for (const [title, die, cause] of [
  ['exits', 'exits', 'the worker exited with code 1 before it was ready'],
  ['is killed', 'isKilled', 'the worker was killed by SIGSEGV before it was ready'],
  ['reports its error and exits', 'reports', 'the plugin threw'],
  ['speaks another protocol', 'mismatches', `the worker speaks version 99 of the message protocol and this primary version ${PROTOCOL}: Baton itself has changed, so restart it instead of reloading`],
  ['takes too long', 'hangs', 'the worker was not ready 500 ms after its fork (START_TIMEOUT_MS)']
] as const) {
  await t.test(`a release whose worker ${title} while starting changes nothing`, async (t) => {
    const scene = superviseRunning({ WORKERS: '2', START_TIMEOUT_MS: '500' })
    scene.supervisor.reload()
    const worker = scene.worker('0/2')
    const dies = {
      exits: () => { worker.exits(1) },
      isKilled: () => { worker.exits(null, 'SIGSEGV') },
      reports: () => {
        worker.says({ type: 'failed', error: { message: 'the plugin threw' } })
        worker.exits(1)
      },
      mismatches: () => {
        worker.says({ type: 'ready', protocol: 99 })
        worker.listens()
        t.equal(worker.kills, 1)
        worker.exits(null, 'SIGKILL')
      },
      hangs: () => {
        scene.host.advance(500)
        t.equal(worker.kills, 1)
        worker.exits(null, 'SIGKILL')
      }
    }

    dies[die]()

    t.strictSame(scene.table(), ['0/1 ready', '1/1 ready'])
    t.equal(scene.supervisor.state, 'running')
    t.equal(scene.supervisor.generation.number, 1)
    t.match(scene.line('reload:failed'), { level: 'error', generation: 2, slot: 0, slots: [1, 1], err: { message: cause } })
    t.notOk(scene.host.processes.some(({ isDisconnected }) => isDisconnected))
    t.notOk(scene.host.hasTimer)
  })
}

await t.test('a process that cannot be started for a reload fails it', async (t) => {
  const scene = superviseRunning({ WORKERS: '1' })
  scene.host.failsToFork = true
  scene.supervisor.reload()

  scene.worker('0/2').fails('spawn EMFILE')

  t.strictSame(scene.table(), ['0/1 ready'])
  t.equal(scene.line('reload:failed')?.generation, 2)
  t.match(scene.line('worker:exited'), { level: 'warn', pid: undefined, err: { code: 'BATON_FORK_FAILED' } })
})

await t.test('a reload that fails half way stops there, and the next one continues from there', async (t) => {
  const scene = superviseRunning({ WORKERS: '3' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()

  scene.worker('1/2').exits(1)
  scene.drained()
  const after = scene.table()
  scene.supervisor.reload()
  scene.settle()

  t.strictSame(after, ['0/2 ready', '1/1 ready', '2/1 ready'])
  t.strictSame(scene.line('reload:failed')?.slots, [2, 1, 1])
  t.equal(scene.line('reload:completed')?.generation, 3)
  t.strictSame(scene.table(), ['0/3 ready', '1/3 ready', '2/3 ready'])
})

await t.test('workers that crash after half a reload are restarted from the generation of their slot', async (t) => {
  const scene = superviseRunning({ WORKERS: '2' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()
  scene.worker('1/2').exits(1)
  scene.drained()

  scene.worker('0/2').exits(1)
  scene.worker('1/1').exits(1)

  t.strictSame(scene.table(), ['0/2 starting', '1/1 starting'])
})

await t.test('a burst of reloads makes one extra rollout and ends with the newest release', async (t) => {
  const scene = superviseRunning({ WORKERS: '2' })

  for (let count = 0; count < 10; count++) scene.supervisor.reload()
  t.strictSame(scene.table(), ['0/1 ready', '0/2 draining', '1/1 ready'])
  scene.settle()

  t.strictSame(scene.story().filter((line) => line.startsWith('reload')), [
    'reload:started 2', 'reload:failed 2', 'reload:started 3', 'reload:completed 3'
  ])
  t.strictSame(scene.table(), ['0/3 ready', '1/3 ready'])
})

await t.test('an overtaken reload is logged as such, and is no error', async (t) => {
  const scene = superviseRunning()
  scene.supervisor.reload()

  scene.supervisor.reload()

  t.match(scene.line('reload:failed'), {
    level: 'warn', generation: 2, slots: [1, 1], err: { message: 'a newer reload was requested' }
  })
})

await t.test('a reload can be overtaken half way through', async (t) => {
  const scene = superviseRunning({ WORKERS: '2' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()

  scene.supervisor.reload()
  scene.settle()

  t.strictSame(scene.table(), ['0/3 ready', '1/3 ready'])
  t.strictSame(scene.host.processes.map(({ name }) => name), ['0/1', '1/1', '0/2', '1/2', '0/3', '1/3'])
})

await t.test('an old worker that crashes during a reload is replaced first, by the new generation', async (t) => {
  const scene = superviseRunning({ WORKERS: '3' })
  scene.supervisor.reload()

  scene.worker('2/1').exits(null, 'SIGSEGV')
  const meanwhile = scene.table()
  scene.worker('0/2').becomesReady()

  t.strictSame(meanwhile, ['0/1 ready', '0/2 starting', '1/1 ready', '2/1 starting'])
  t.strictSame(scene.table(), ['0/1 ready', '0/2 ready', '1/1 ready', '2/1 draining', '2/2 starting'])
  t.equal(scene.supervisor.state, 'reloading')
})

await t.test('a ready replacement relieves no worker while another slot is not served', async (t) => {
  const scene = superviseRunning({ WORKERS: '2' })
  scene.supervisor.reload()
  scene.worker('1/1').exits(1)

  scene.worker('0/2').becomesReady()
  const meanwhile = scene.table()
  scene.drained()
  scene.worker('1/2').becomesReady()

  t.strictSame(meanwhile, ['0/1 ready', '0/2 ready', '1/1 draining', '1/2 starting'])
  t.strictSame(scene.table(), ['0/1 draining', '0/2 ready', '1/2 ready'])
  t.equal(scene.line('reload:completed')?.generation, 2)
})

await t.test('a replacement that crashes before it has relieved the old worker fails the reload', async (t) => {
  const scene = superviseRunning({ WORKERS: '2', MAX_SURGE: '2' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()

  scene.worker('0/2').exits(1)

  t.match(scene.line('reload:failed'), { slot: 0, slots: [1, 1], err: { message: 'the worker exited with code 1', code: 'BATON_WORKER_EXITED' } })
  t.strictSame(scene.table(), ['0/1 ready', '1/1 ready', '1/2 draining'])
})

await t.test('a replacement that fails before it has relieved the old worker fails the reload', async (t) => {
  const scene = superviseRunning({ WORKERS: '2', MAX_SURGE: '2' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()

  scene.worker('0/2').says({ type: 'failed', error: { message: 'uncaught error' } })

  t.match(scene.line('reload:failed'), { slot: 0, slots: [1, 1], err: { message: 'uncaught error' } })
  t.strictSame(scene.table(), ['0/1 ready', '0/2 draining', '1/1 ready', '1/2 draining'])
})

await t.test('a new worker that crashes after it has relieved the old one is restarted, and the reload continues', async (t) => {
  const scene = superviseRunning({ WORKERS: '2' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()

  scene.worker('0/2').exits(1)
  const meanwhile = scene.table()
  scene.settle()

  t.strictSame(meanwhile, ['0/1 draining', '0/2 starting', '1/1 ready', '1/2 starting'])
  t.equal(scene.line('reload:completed')?.generation, 2)
})

await t.test('a fixed release does not wait for the backoff of the previous one', async (t) => {
  const scene = superviseRunning({ WORKERS: '2' })
  for (let count = 0; count < 6; count++) scene.worker('0/1').exits(1)
  scene.worker('1/1').exits(1)
  const backoff = scene.table()

  scene.supervisor.reload()
  const reloading = scene.table()
  scene.worker('0/2').becomesReady()
  scene.worker('1/2').becomesReady()

  t.strictSame(backoff, [])
  t.strictSame(reloading, ['0/2 starting'])
  t.equal(scene.line('reload:completed')?.generation, 2)
})

await t.test('with MAX_SURGE=2 two replacements are ready before two old workers drain', async (t) => {
  const scene = superviseRunning({ WORKERS: '3', MAX_SURGE: '2' })
  scene.supervisor.reload()
  const first = scene.table()

  scene.worker('0/2').becomesReady()
  const second = scene.table()
  scene.worker('1/2').becomesReady()
  const third = scene.table()
  scene.settle()

  t.strictSame(first, ['0/1 ready', '0/2 starting', '1/1 ready', '1/2 starting', '2/1 ready'])
  t.strictSame(second, ['0/1 ready', '0/2 ready', '1/1 ready', '1/2 starting', '2/1 ready'])
  t.strictSame(third, ['0/1 draining', '0/2 ready', '1/1 draining', '1/2 ready', '2/1 ready', '2/2 starting'])
  t.equal(scene.line('reload:completed')?.generation, 2)
})

await t.test('with MAX_SURGE equal to WORKERS, all replacements become ready first, then all old workers drain', async (t) => {
  const scene = superviseRunning({ WORKERS: '3', MAX_SURGE: '3' })
  scene.supervisor.reload()

  for (const name of ['2/2', '0/2', '1/2']) scene.worker(name).becomesReady()

  t.strictSame(scene.story(), [
    'reload:started 2', 'worker:forked 0/2', 'worker:forked 1/2', 'worker:forked 2/2',
    'worker:ready 2/2', 'worker:ready 0/2', 'worker:ready 1/2',
    'worker:draining 0/1', 'worker:draining 1/1', 'worker:draining 2/1', 'reload:completed 2'
  ])
})

await t.test('with MAX_SURGE=0 one worker drains and exits before its replacement is forked', async (t) => {
  const scene = superviseRunning({ WORKERS: '2', MAX_SURGE: '0' })

  scene.supervisor.reload()
  const draining = scene.table()
  scene.worker('0/1').exits(0)
  const starting = scene.table()
  scene.worker('0/2').becomesReady()
  const next = scene.table()
  scene.settle()

  t.strictSame(draining, ['0/1 draining', '1/1 ready'])
  t.strictSame(starting, ['0/2 starting', '1/1 ready'])
  t.strictSame(next, ['0/2 ready', '1/1 draining'])
  t.equal(scene.line('reload:completed')?.generation, 2)
})

await t.test('with MAX_SURGE=0 a release that cannot start leaves the other slots alone, and its slot goes back', async (t) => {
  const scene = superviseRunning({ WORKERS: '2', MAX_SURGE: '0' })
  scene.supervisor.reload()
  scene.worker('0/1').exits(0)

  scene.worker('0/2').exits(1)

  t.strictSame(scene.table(), ['0/1 starting', '1/1 ready'])
  t.strictSame(scene.line('reload:failed')?.slots, [1, 1])
})

await t.test('with MAX_DRAINING workers draining the next step waits, which is logged once', async (t) => {
  const scene = superviseRunning({ WORKERS: '2', MAX_DRAINING: '1' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()

  const waiting = scene.table()
  scene.worker('0/2').says({ type: 'relieve' })
  const lines = scene.lines.filter(({ text }) => text.includes('MAX_DRAINING'))
  scene.worker('0/1').exits(0)
  scene.settle()

  t.strictSame(waiting, ['0/1 draining', '0/2 ready', '1/1 ready'])
  t.match(lines, [{ level: 'warn', generation: 2, maxDraining: 1 }])
  t.equal(lines.length, 1)
  t.equal(scene.line('reload:completed')?.generation, 2)
})

await t.test('a worker that does not drain in time is killed, and the lost requests are logged', async (t) => {
  const scene = superviseRunning({ WORKERS: '2', DRAIN_TIMEOUT_MS: '2000' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()
  scene.worker('1/2').becomesReady()
  scene.worker('0/1').says({ type: 'draining', progress: { requests: 3, connections: 5 } })

  scene.host.advance(1999)
  const before = scene.worker('0/1').kills + scene.worker('1/1').kills
  scene.host.advance(1)
  scene.worker('0/1').exits(null, 'SIGKILL')
  scene.host.advance(10_000)

  t.equal(before, 0)
  t.strictSame([scene.worker('0/1').kills, scene.worker('1/1').kills], [1, 1])
  t.match(scene.line(/3 requests/), {
    level: 'warn', slot: 0, generation: 1, requests: 3, connections: 5, text: 'killed a worker that did not drain in time, with 3 requests on 5 connections'
  })
  t.match(scene.line(/unknown number of requests/), { level: 'warn', slot: 1, generation: 1 })
  t.match(scene.line('worker:exited'), { level: 'warn', signal: 'SIGKILL', text: 'worker was killed by SIGKILL while draining' })
})

await t.test('a worker that crashes while it drains is reported with its lost requests, and not restarted', async (t) => {
  const scene = superviseRunning({ WORKERS: '1' })
  scene.supervisor.reload()
  scene.worker('0/2').becomesReady()

  scene.worker('0/1').exits(7)

  t.match(scene.line('worker:exited'), { level: 'warn', code: 7, text: 'worker exited with code 7 while draining, with an unknown number of requests' })
  t.strictSame(scene.table(), ['0/2 ready'])
})

await t.test('an abandoned replacement that does not exit is killed at its start deadline', async (t) => {
  const scene = superviseRunning({ WORKERS: '1', START_TIMEOUT_MS: '500' })
  scene.supervisor.reload()
  scene.host.advance(100)
  scene.supervisor.reload()

  scene.host.advance(400)
  scene.worker('0/2').exits(null, 'SIGKILL')

  t.equal(scene.worker('0/2').kills, 1)
  t.equal(scene.line(/did not exit in time/)?.level, 'warn')
  t.match(scene.line('worker:forked'), { generation: 3 })
})
