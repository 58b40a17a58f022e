import t from 'tap'
import { readSystemdEnvironment, type SystemdEnvironment } from '../../../src/primary/systemd/environment.ts'

const ENVIRONMENTS: ReadonlyArray<{ title: string, environment: NodeJS.ProcessEnv, is: Partial<SystemdEnvironment> }> = [
  { title: 'nothing comes from somebody who is not systemd', environment: {}, is: {} },
  { title: 'empty variables say nothing', environment: { NOTIFY_SOCKET: '', WATCHDOG_USEC: '', WATCHDOG_PID: '', LISTEN_FDS: '', LISTEN_PID: '' }, is: {} },
  {
    title: 'who is to be notified is what systemd-notify needs, and where to find that',
    environment: { NOTIFY_SOCKET: '/run/notify', PATH: '/bin', HOME: '/root' },
    is: { notifyEnvironment: { NOTIFY_SOCKET: '/run/notify', PATH: '/bin' } }
  },
  { title: 'the watchdog counts in milliseconds', environment: { WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, is: { watchdogTimeout: 30_000 } },
  { title: 'a watchdog without a process watches all', environment: { WATCHDOG_USEC: '500' }, is: { watchdogTimeout: 0.5 } },
  { title: 'the watchdog of another process is none', environment: { WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, is: {} },
  { title: 'a watchdog that is off is none', environment: { WATCHDOG_USEC: '0' }, is: {} },
  { title: 'a watchdog that is nonsense is none', environment: { WATCHDOG_USEC: 'soon' }, is: {} },
  { title: 'the socket is descriptor 3', environment: { LISTEN_FDS: '1', LISTEN_PID: '7', LISTEN_FDNAMES: 'baton.socket' }, is: { inheritedSocket: 3 } },
  { title: 'the socket of another process is none', environment: { LISTEN_FDS: '1', LISTEN_PID: '8' }, is: {} },
  { title: 'any number of sockets of another process is none', environment: { LISTEN_FDS: '2', LISTEN_PID: '8' }, is: {} }
]

for (const { title, environment, is } of ENVIRONMENTS) {
  await t.test(title, async (t) => {
    t.strictSame(readSystemdEnvironment({ ...environment }, 7), { notifyEnvironment: undefined, watchdogTimeout: undefined, inheritedSocket: undefined, ...is })
  })
}

await t.test('what systemd hands over is gone from the environment, and the rest is still there', async (t) => {
  const environment = {
    NOTIFY_SOCKET: '/run/notify',
    WATCHDOG_USEC: '1',
    WATCHDOG_PID: '7',
    LISTEN_FDS: '1',
    LISTEN_PID: '8',
    LISTEN_PIDFDID: '9',
    LISTEN_FDNAMES: 'x',
    PATH: '/bin'
  }
  readSystemdEnvironment(environment, 7)

  t.strictSame(environment, { PATH: '/bin' })
})

for (const [given, said] of [['2', '"2"'], ['0', '"0"'], ['many', '"many"'], [undefined, 'not set']] as const) {
  await t.test(`with LISTEN_FDS ${said} nobody knows where to listen`, async (t) => {
    t.throws(() => readSystemdEnvironment({ LISTEN_PID: '7', LISTEN_FDS: given }, 7), { code: 'BATON_INHERITED_SOCKETS', message: `LISTEN_FDS is ${said}: it must be 1` })
  })
}

await t.test('the environment and the process are our own unless told otherwise', async (t) => {
  process.env.LISTEN_PID = String(process.pid)
  process.env.LISTEN_FDS = '1'

  t.equal(readSystemdEnvironment().inheritedSocket, 3)
  t.notOk('LISTEN_PID' in process.env)
})
