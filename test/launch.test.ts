import t from 'tap'
import { assignmentVariable } from '../src/protocol/assignment.ts'
import { readLaunch, takeAssignment, takeHandover, type Handover } from '../src/launch.ts'

await t.test('sockets go where systemd says, or else where the session says', async (t) => {
  t.strictSame(readLaunch({ RUNTIME_DIRECTORY: '/run/baton:/run/other', XDG_RUNTIME_DIR: '/run/user/1000' }).runtimeDirectories, ['/run/baton', '/run/user/1000'])
  t.strictSame(readLaunch({ RUNTIME_DIRECTORY: '', XDG_RUNTIME_DIR: '/run/user/1000' }).runtimeDirectories, ['/run/user/1000'])
  t.strictSame(readLaunch({}).runtimeDirectories, [])
})

await t.test('the environment of the process is what is read unless told otherwise', async (t) => {
  const before = process.env.RUNTIME_DIRECTORY
  t.teardown(() => { if (before === undefined) delete process.env.RUNTIME_DIRECTORY; else process.env.RUNTIME_DIRECTORY = before })
  process.env.RUNTIME_DIRECTORY = '/run/this'

  t.equal(readLaunch().runtimeDirectories[0], '/run/this')
})

const HANDOVERS: ReadonlyArray<{ title: string, environment: NodeJS.ProcessEnv, is: Partial<Handover> }> = [
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

for (const { title, environment, is } of HANDOVERS) {
  await t.test(title, async (t) => {
    t.strictSame(takeHandover({ ...environment }, 7), { notifyEnvironment: undefined, watchdogTimeout: undefined, inheritedSocket: undefined, ...is })
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
  takeHandover(environment, 7)

  t.strictSame(environment, { PATH: '/bin' })
})

for (const [given, said] of [['2', '"2"'], ['0', '"0"'], ['many', '"many"'], [undefined, 'not set']] as const) {
  await t.test(`with LISTEN_FDS ${said} nobody knows where to listen`, async (t) => {
    t.throws(() => takeHandover({ LISTEN_PID: '7', LISTEN_FDS: given }, 7), { code: 'BATON_INHERITED_SOCKETS', message: `LISTEN_FDS is ${said}: it must be 1` })
  })
}

await t.test('the environment and the process are our own unless told otherwise', async (t) => {
  process.env.LISTEN_PID = String(process.pid)
  process.env.LISTEN_FDS = '1'

  t.equal(takeHandover().inheritedSocket, 3)
  t.notOk('LISTEN_PID' in process.env)
})

for (const application of ['/srv/a "b" ü/app.js', null]) {
  await t.test(`a worker takes what it was assigned out of its environment (application ${application})`, async (t) => {
    const assignment = { slot: 1, generation: 4, application, address: { host: '127.0.0.1', port: 3000 }, slotPort: null, logFile: null, transport: 'http' as const }
    const environment: NodeJS.ProcessEnv = { HOST: '::', ...assignmentVariable(assignment) }

    t.strictSame(takeAssignment(environment), assignment)
    t.strictSame(environment, { HOST: '::' })
    t.throws(() => takeAssignment(environment), { code: 'BATON_USAGE' })
  })
}

await t.test('a worker program that nobody assigned anything to says who starts it', async (t) => {
  t.throws(() => takeAssignment(), { code: 'BATON_USAGE', message: 'this program is a worker: it is started by Baton' })
})
