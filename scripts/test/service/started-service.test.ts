import t, { type Test } from 'tap'

import { createTarget } from '../../src/clients/target.ts'
import { ServiceProcess } from '../../src/service/service-process.ts'
import { StartedService } from '../../src/service/started-service.ts'
import { program, isAlive } from '../helpers/fixture.ts'
import { waitUntil } from '../helpers/wait-until.ts'

const DEADLINE = 10_000
const SHORT_TIMEOUT = 300
const NEVER = new AbortController().signal

async function start (t: Test, name: string): Promise<StartedService> {
  const service = await StartedService.start(program(name), process.env, DEADLINE)
  t.teardown(async () => { await service.process.stop(0) })
  return service
}

const RELOADS: ReadonlyArray<readonly [name: string, timeout: number, reload: object]> = [
  ['reload-fails', DEADLINE, { outcome: 'failed', generation: 2, reason: 'worker exited' }],
  ['reload-refused', DEADLINE, { outcome: 'refused', reason: 'the configuration is wrong' }],
  ['ignores-sighup', SHORT_TIMEOUT, { outcome: 'unknown', reason: /did not report its end within 300 ms/ }],
  ['exits-on-sighup', DEADLINE, { outcome: 'unknown', reason: 'the service has exited' }]
]

t.jobs = 4

await Promise.all([
  ...RELOADS.map(([name, timeout, reload]) => {
    return t.test(`the reload of a service that misbehaves: ${name}`, async (t) => {
      const service = await start(t, name)

      t.match(await service.reload(timeout, NEVER), reload)
    })
  }),

  t.test('a service is started, reloaded and stopped', async (t) => {
    const service = await start(t, 'reloads')

    const first = await service.reload(DEADLINE, NEVER)
    const second = await service.reload(DEADLINE, NEVER)
    const exit = await service.process.stop(DEADLINE)

    t.match(first, { outcome: 'completed', generation: 2, duration: 12 })
    t.match(second, { outcome: 'completed', generation: 3, duration: 12 })
    t.ok(first.startedAt <= first.endedAt && first.endedAt <= second.startedAt)
    t.strictSame(exit, { code: 0, signal: null, isUnexpected: false, isKilled: false })
    t.ok(service.process.gone.aborted)
  }),

  t.test('the port in the log of a service is used', async (t) => {
    const { target } = await start(t, 'listens-elsewhere')

    t.match(target, createTarget('127.0.0.1', target.port))
  }),

  t.test('an interruption ends the wait for a reload', async (t) => {
    const service = await start(t, 'ignores-sighup')
    const interruption = new AbortController()

    const reload = service.reload(DEADLINE, interruption.signal)
    interruption.abort()

    t.match(await reload, { outcome: 'unknown', reason: 'the run was interrupted' })
  }),

  t.test('an exit that was not asked for is unexpected', async (t) => {
    const service = await start(t, 'exits-on-sighup')

    await service.reload(DEADLINE, NEVER)

    t.match(await service.process.exited, { code: 5, isUnexpected: true })
  }),

  t.test('a service that does not stop is killed at the deadline', async (t) => {
    const service = await start(t, 'ignores-sigterm')

    t.strictSame(await service.process.stop(SHORT_TIMEOUT), { code: null, signal: 'SIGKILL', isUnexpected: false, isKilled: true })
  }),

  t.test('the exit code of a service is reported', async (t) => {
    const service = await start(t, 'exits-3-on-sigterm')

    t.match(await service.process.stop(DEADLINE), { code: 3, isUnexpected: false, isKilled: false })
  }),

  t.test('workers that outlive their primary are killed with it', async (t) => {
    const service = new ServiceProcess(program('leaves-a-worker'), { ...process.env, PORT: '0', HOST: '127.0.0.1' })
    let worker = 0
    let isReady = false
    service.onLine(({ event, pid }) => {
      if (event === 'worker:forked') worker = Number(pid)
      isReady ||= event === 'server:ready'
    })
    await waitUntil(() => isReady)
    t.ok(isAlive(worker))

    await service.stop(DEADLINE)

    await waitUntil(() => !isAlive(worker))
  }),

  t.test('a program that exits before it answers is an error with its last lines', async (t) => {
    await t.rejects(StartedService.start(program('exits-on-boot'), process.env, DEADLINE), {
      name: 'ServiceStartError', message: /exited before it answered; its last lines:\nnot a line of JSON\n[^]*the configuration is wrong/
    })
  }),

  t.test('a program that never answers is an error', async (t) => {
    await t.rejects(StartedService.start(program('never-serves'), process.env, SHORT_TIMEOUT), {
      name: 'ServiceStartError', message: /did not answer in time/
    })
  })
])
