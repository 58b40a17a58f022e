import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { fork } from 'node:child_process'
import { join } from 'node:path'
import { userInfo } from 'node:os'
import t from 'tap'
import { findInstance, type Wanted } from '../../../src/cli/find-instance.ts'
import { readInstanceHint } from '../../../src/config/config.ts'
import { program } from '../../helpers/root.ts'
import { DEADLINE } from '../../helpers/wait-until.ts'
import { aStatus, fakeService, json, socketFolder } from '../../cli/fake-service.ts'

const LEAVES_ITS_SOCKET = program('test/fixtures/leaves-its-socket.ts')
const { uid } = userInfo()

const wanting = (directories: readonly string[], more: Partial<Wanted> = {}): Wanted => ({
  socket: undefined,
  hint: { controlSocket: undefined, port: undefined },
  places: { directories, ownDirectory: '/nowhere', uid },
  interrupt: new AbortController().signal,
  ...more
})

await t.test('the socket that is named is taken, by the command line before CONTROL_SOCKET', async (t) => {
  const [one, other] = [await fakeService(t), await fakeService(t)]

  t.equal((await findInstance(wanting([], { socket: one.socket, hint: { controlSocket: other.socket, port: 1 } }))).socket, one.socket)
  t.equal((await findInstance(wanting([], { hint: { controlSocket: other.socket, port: 1 } }))).socket, other.socket)
  t.match((await findInstance(wanting([], { socket: one.socket, hint: { controlSocket: 'off', port: undefined } }))).status, { url: 'http://127.0.0.1:3000' })
})

await t.test('PORT names a socket in each of the directories', async (t) => {
  const [first, second] = [socketFolder(t), socketFolder(t)]
  await fakeService(t, {}, join(first, 'baton-1.sock'))
  await fakeService(t, {}, join(second, 'baton-3000.sock'))

  t.equal((await findInstance(wanting([first, second], { hint: { controlSocket: undefined, port: 3000 } }))).socket, join(second, 'baton-3000.sock'))
})

await t.test('without a name the only one that answers is taken', async (t) => {
  const folder = socketFolder(t)
  await fakeService(t, {}, join(folder, 'baton-3000.sock'))
  await fakeService(t, {}, join(folder, 'another.sock'))
  writeFileSync(join(folder, 'baton-4000.sock'), '')

  t.equal((await findInstance(wanting(['/nowhere/at/all', folder]))).socket, join(folder, 'baton-3000.sock'))
})

await t.test('several are listed with who they are', async (t) => {
  const folder = socketFolder(t)
  for (const port of [3000, 3001]) {
    await fakeService(t, { 'GET /status': (response) => { json(response, aStatus({ pid: port, url: `http://127.0.0.1:${port}` })) } }, join(folder, `baton-${port}.sock`))
  }

  await t.rejects(findInstance(wanting([folder])), {
    code: 'BATON_SEVERAL_INSTANCES',
    message: 'several services answer; choose one with --socket:\n' +
      `  ${folder}/baton-3000.sock: process 3000, http://127.0.0.1:3000\n  ${folder}/baton-3001.sock: process 3001, http://127.0.0.1:3001`
  })
})

await t.test('where there is none, every place that was looked at is named with what is wrong there', async (t) => {
  const [folder, empty] = [socketFolder(t), socketFolder(t)]
  await fakeService(t, { 'GET /status': (response) => { json(response, { hello: 'world' }) } }, join(folder, 'baton-1.sock'))
  await fakeService(t, { 'GET /status': () => {} }, join(folder, 'baton-2.sock'))
  const left = fork(LEAVES_ITS_SOCKET, [join(folder, 'baton-3.sock')])
  t.teardown(() => left.kill('SIGKILL'))
  await once(left, 'exit', { signal: AbortSignal.timeout(DEADLINE) })
  await fakeService(t, { 'GET /status': (response) => { json(response, { message: 'not now' }, 503) } }, join(folder, 'baton-4.sock'))

  await t.rejects(findInstance(wanting(['/nowhere/at/all', empty, folder], { probeTimeout: 500 })), {
    code: 'BATON_NO_INSTANCE',
    message: [
      'no service answers; looked at:',
      '  /nowhere/at/all: not there',
      `  ${empty}: no socket of a service in it`,
      `  ${folder}/baton-1.sock: what answers is no service of Baton`,
      `  ${folder}/baton-2.sock: no answer within 500 ms`,
      `  ${folder}/baton-3.sock: nobody listens on it; a service that was killed left it behind`,
      `  ${folder}/baton-4.sock: not now`
    ].join('\n')
  })
})

await t.test('a service whose control socket is off is not looked for', async (t) => {
  const folder = socketFolder(t)
  await fakeService(t, {}, join(folder, 'baton-3000.sock'))

  await t.rejects(findInstance(wanting([folder], { hint: { controlSocket: 'off', port: 3000 } })), {
    code: 'BATON_NO_INSTANCE', message: /CONTROL_SOCKET: is "off": such a service hears signals only/
  })
})

await t.test('the folder among everybody\'s temporary files is not trusted when somebody else made it', async (t) => {
  const folder = socketFolder(t)
  await fakeService(t, {}, join(folder, 'baton-3000.sock'))
  const places = { directories: [folder], ownDirectory: folder }

  t.ok(await findInstance(wanting([], { places: { ...places, uid } })))
  await t.rejects(findInstance(wanting([], { places: { ...places, uid: uid + 1 } })), { code: 'BATON_NO_INSTANCE', message: `${folder}: belongs to another user, and is not trusted` })
})

await t.test('a socket that may not be entered says so', { skip: uid === 0 ? 'root may enter everything' : false }, async (t) => {
  const folder = join(socketFolder(t), 'locked')
  mkdirSync(folder)
  await fakeService(t, {}, join(folder, 'baton-3000.sock'))
  chmodSync(folder, 0o000)
  t.teardown(() => { chmodSync(folder, 0o700) })

  await t.rejects(findInstance(wanting([folder])), { message: /permission denied: the service may run as another user/ })
})

await t.test('the user who has had enough ends the search', async (t) => {
  const { socket } = await fakeService(t, { 'GET /status': () => {} })
  const user = new AbortController()
  const finding = findInstance(wanting([], { socket, interrupt: user.signal }))

  user.abort()

  await t.rejects(finding, { code: 'BATON_INTERRUPTED' })
})

await t.test('the places of this machine are looked at unless told otherwise', async (t) => {
  const { places, ...wanted } = wanting([], { socket: '/nowhere/at/all.sock' })

  await t.rejects(findInstance(wanted), { message: 'no service answers; looked at:\n  /nowhere/at/all.sock: not there' })
})

await t.test('the environment names an instance by its socket or its port, and other settings do not matter', async (t) => {
  t.strictSame(readInstanceHint({ CONTROL_SOCKET: '/run/x.sock', PORT: '4000', WORKERS: 'many' } as Record<string, string>), { controlSocket: '/run/x.sock', port: 4000 })
  for (const PORT of [undefined, '', '0']) t.strictSame(readInstanceHint({ PORT }), { controlSocket: undefined, port: undefined })
  t.throws(() => readInstanceHint({ PORT: 'http' }), { code: 'BATON_INVALID_SETTINGS', message: /PORT is "http"/ })
})
