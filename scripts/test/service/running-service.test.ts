import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

import t, { type Test } from 'tap'

import { freshConnections } from '../../src/clients/kinds/fresh-connections.ts'
import { createTarget, type Target } from '../../src/clients/target.ts'
import { runLoad } from '../../src/load-test/load-run.ts'
import { findFreePort } from '../../src/service/free-port.ts'
import { RunningService } from '../../src/service/running-service.ts'
import { program } from '../helpers/fixture.ts'

const OPTIONS = { duration: 300, timeout: 5000, reloadTimeout: 5000 }
const NEVER = new AbortController().signal

t.jobs = 4

await Promise.all([
  t.test('the reload of a service known by its pid is followed by its answers', async (t) => {
    const { target, service } = await startFixture(t, 'reloads')
    const reloader = new RunningService(service.pid ?? 0)

    const report = await runLoad({ ...OPTIONS, target, kinds: [freshConnections(2)], reloader, reloads: 1 })

    t.match(report, { failures: 0, generations: [1, 2], reloads: [{ outcome: 'completed', generation: 2 }] })
    const [reload] = report.reloads
    t.ok(reload && reload.duration < 1000, 'the second of quiet time is not part of it')
    t.ok(report.outside.answered > 0)
  }),

  t.test('the timeout shows that a service does not reload', async (t) => {
    const { target, service } = await startFixture(t, 'ignores-sighup')
    const reloader = new RunningService(service.pid ?? 0)

    const report = await runLoad({ ...OPTIONS, target, kinds: [freshConnections(1)], reloader, reloads: 1, reloadTimeout: 500 })

    t.match(report.reloads, [{ outcome: 'unknown', reason: 'no new generation has answered within 500 ms' }])
  }),

  t.test('an interruption ends the wait for a reload', async (t) => {
    const { service } = await startFixture(t, 'ignores-sighup')
    const reloader = new RunningService(service.pid ?? 0)
    reloader.observe({ worker: { generation: 1 }, openedAt: 0, seenAt: 0 })

    t.match(await reloader.reload(60_000, AbortSignal.timeout(1)), { outcome: 'unknown', reason: 'the run was interrupted' })
  }),

  t.test('a service whose answers name no generation is not reloaded', async (t) => {
    const reloader = new RunningService(process.pid)

    t.match(await reloader.reload(100, NEVER), { outcome: 'unknown', reason: /names a generation/ })
  }),

  t.test('a pid without a process is refused', async (t) => {
    const { service } = await startFixture(t, 'reloads')
    service.kill('SIGKILL')
    await once(service, 'exit')

    t.throws(() => new RunningService(service.pid ?? 0), { code: 'ESRCH' })
  })
])

async function startFixture (t: Test, name: string): Promise<{ target: Target, service: ChildProcess }> {
  const port = await findFreePort()
  const service = fork(program(name), { env: { ...process.env, HOST: '127.0.0.1', PORT: String(port) }, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  t.teardown(() => { service.kill('SIGKILL') })
  if (service.stdout === null) throw new Error('no output')
  await once(service.stdout, 'data')
  return { target: createTarget('127.0.0.1', port), service }
}
