import t from 'tap'
import { readSystemdEnvironment, type SystemdEnvironment } from '../../../src/primary/systemd/environment.ts'

const ENVIRONMENTS: ReadonlyArray<{ title: string, environment: NodeJS.ProcessEnv, is: Partial<SystemdEnvironment> }> = [
  { title: 'without systemd nothing is set', environment: {}, is: {} },
  { title: 'empty variables are ignored', environment: { NOTIFY_SOCKET: '', WATCHDOG_USEC: '', WATCHDOG_PID: '', LISTEN_FDS: '', LISTEN_PID: '' }, is: {} },
  {
    title: 'systemd-notify gets the socket and the PATH',
    environment: { NOTIFY_SOCKET: '/run/notify', PATH: '/bin', HOME: '/root' },
    is: { notifyEnvironment: { NOTIFY_SOCKET: '/run/notify', PATH: '/bin' } }
  },
  { title: 'the watchdog timeout is in milliseconds', environment: { WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, is: { watchdogTimeout: 30_000 } },
  { title: 'a watchdog without a pid applies to this process', environment: { WATCHDOG_USEC: '500' }, is: { watchdogTimeout: 0.5 } },
  { title: 'the watchdog of another process is ignored', environment: { WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, is: {} },
  { title: 'a watchdog timeout of 0 is ignored', environment: { WATCHDOG_USEC: '0' }, is: {} },
  { title: 'an invalid watchdog timeout is ignored', environment: { WATCHDOG_USEC: 'soon' }, is: {} },
  { title: 'the socket is descriptor 3', environment: { LISTEN_FDS: '1', LISTEN_PID: '7', LISTEN_FDNAMES: 'baton.socket' }, is: { inheritedSocket: 3 } },
  { title: 'the socket of another process is ignored', environment: { LISTEN_FDS: '1', LISTEN_PID: '8' }, is: {} },
  { title: 'any number of sockets of another process is ignored', environment: { LISTEN_FDS: '2', LISTEN_PID: '8' }, is: {} }
]

for (const { title, environment, is } of ENVIRONMENTS) {
  await t.test(title, async (t) => {
    t.strictSame(readSystemdEnvironment({ ...environment }, 7), { notifyEnvironment: undefined, watchdogTimeout: undefined, inheritedSocket: undefined, ...is })
  })
}

await t.test('the variables of systemd are removed from the environment, and the others stay', async (t) => {
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
  await t.test(`LISTEN_FDS ${said} is refused`, async (t) => {
    t.throws(() => readSystemdEnvironment({ LISTEN_PID: '7', LISTEN_FDS: given }, 7), { code: 'BATON_INHERITED_SOCKETS', message: `LISTEN_FDS is ${said}: it must be 1` })
  })
}

await t.test('by default the environment and the pid are those of this process', async (t) => {
  process.env.LISTEN_PID = String(process.pid)
  process.env.LISTEN_FDS = '1'

  t.equal(readSystemdEnvironment().inheritedSocket, 3)
  t.notOk('LISTEN_PID' in process.env)
})
