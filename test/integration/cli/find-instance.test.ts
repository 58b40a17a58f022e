import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { fork } from 'node:child_process'
import { join } from 'node:path'
import { userInfo } from 'node:os'
import t from 'tap'
import { findInstance, type Search } from '../../../src/cli/find-instance.ts'
import { readInstanceHint } from '../../../src/config/config.ts'
import { program } from '../../helpers/root.ts'
import { DEADLINE } from '../../helpers/wait-until.ts'
import { aStatus, fakeService, json, socketFolder } from '../../cli/fake-service.ts'

const LEAVES_ITS_SOCKET = program('test/fixtures/leaves-its-socket.ts')
const { uid } = userInfo()

const searching = (directories: readonly string[], more: Partial<Search> = {}): Search => ({
  socket: undefined,
  hint: { controlSocket: undefined, port: undefined },
  places: { directories, ownDirectory: '/nowhere', uid },
  interrupt: new AbortController().signal,
  ...more
})

await t.test('the named socket is used, and the command line takes precedence over CONTROL_SOCKET', async (t) => {
  const [one, other] = [await fakeService(t), await fakeService(t)]

  t.equal((await findInstance(searching([], { socket: one.socket, hint: { controlSocket: other.socket, port: 1 } }))).socket, one.socket)
  t.equal((await findInstance(searching([], { hint: { controlSocket: other.socket, port: 1 } }))).socket, other.socket)
  t.match((await findInstance(searching([], { socket: one.socket, hint: { controlSocket: 'off', port: undefined } }))).status, { url: 'http://127.0.0.1:3000' })
})

await t.test('PORT names a socket in each of the directories', async (t) => {
  const [first, second] = [socketFolder(t), socketFolder(t)]
  await fakeService(t, {}, join(first, 'baton-1.sock'))
  await fakeService(t, {}, join(second, 'baton-3000.sock'))

  t.equal((await findInstance(searching([first, second], { hint: { controlSocket: undefined, port: 3000 } }))).socket, join(second, 'baton-3000.sock'))
})

await t.test('without a name the only service that answers is used', async (t) => {
  const folder = socketFolder(t)
  await fakeService(t, {}, join(folder, 'baton-3000.sock'))
  await fakeService(t, {}, join(folder, 'another.sock'))
  writeFileSync(join(folder, 'baton-4000.sock'), '')

  t.equal((await findInstance(searching(['/nowhere/at/all', folder]))).socket, join(folder, 'baton-3000.sock'))
})

await t.test('several services are listed with process and address', async (t) => {
  const folder = socketFolder(t)
  for (const port of [3000, 3001]) {
    await fakeService(t, { 'GET /status': (response) => { json(response, aStatus({ pid: port, url: `http://127.0.0.1:${port}` })) } }, join(folder, `baton-${port}.sock`))
  }

  await t.rejects(findInstance(searching([folder])), {
    code: 'BATON_SEVERAL_INSTANCES',
    message: 'several services answer; choose one with --socket:\n' +
      `  ${folder}/baton-3000.sock: process 3000, http://127.0.0.1:3000\n  ${folder}/baton-3001.sock: process 3001, http://127.0.0.1:3001`
  })
})

await t.test('without a service, every searched place is listed with the reason', async (t) => {
  const [folder, empty] = [socketFolder(t), socketFolder(t)]
  await fakeService(t, { 'GET /status': (response) => { json(response, { hello: 'world' }) } }, join(folder, 'baton-1.sock'))
  await fakeService(t, { 'GET /status': () => {} }, join(folder, 'baton-2.sock'))
  const left = fork(LEAVES_ITS_SOCKET, [join(folder, 'baton-3.sock')])
  t.teardown(() => left.kill('SIGKILL'))
  await once(left, 'exit', { signal: AbortSignal.timeout(DEADLINE) })
  await fakeService(t, { 'GET /status': (response) => { json(response, { message: 'not now' }, 503) } }, join(folder, 'baton-4.sock'))

  await t.rejects(findInstance(searching(['/nowhere/at/all', empty, folder], { probeTimeout: 500 })), {
    code: 'BATON_NO_INSTANCE',
    message: [
      'no service answers; looked at:',
      '  /nowhere/at/all: does not exist',
      `  ${empty}: contains no control socket`,
      `  ${folder}/baton-1.sock: the process that answers is not Baton`,
      `  ${folder}/baton-2.sock: no answer within 500 ms`,
      `  ${folder}/baton-3.sock: no process listens on it; a service that was killed left it behind`,
      `  ${folder}/baton-4.sock: not now`
    ].join('\n')
  })
})

await t.test('with CONTROL_SOCKET=off no service is searched for', async (t) => {
  const folder = socketFolder(t)
  await fakeService(t, {}, join(folder, 'baton-3000.sock'))

  await t.rejects(findInstance(searching([folder], { hint: { controlSocket: 'off', port: 3000 } })), {
    code: 'BATON_NO_INSTANCE', message: /CONTROL_SOCKET: is "off": such a service takes only signals/
  })
})

await t.test('the folder among the temporary files is not trusted when another user made it', async (t) => {
  const folder = socketFolder(t)
  await fakeService(t, {}, join(folder, 'baton-3000.sock'))
  const places = { directories: [folder], ownDirectory: folder }

  t.ok(await findInstance(searching([], { places: { ...places, uid } })))
  await t.rejects(findInstance(searching([], { places: { ...places, uid: uid + 1 } })), { code: 'BATON_NO_INSTANCE', message: `${folder}: belongs to another user, so it is not trusted` })
})

await t.test('the error says when permission is denied', { skip: uid === 0 ? 'root has all permissions' : false }, async (t) => {
  const folder = join(socketFolder(t), 'locked')
  mkdirSync(folder)
  await fakeService(t, {}, join(folder, 'baton-3000.sock'))
  chmodSync(folder, 0o000)
  t.teardown(() => { chmodSync(folder, 0o700) })

  await t.rejects(findInstance(searching([folder])), { message: /permission denied: the service may run as another user/ })
})

await t.test('Ctrl-C ends the search', async (t) => {
  const { socket } = await fakeService(t, { 'GET /status': () => {} })
  const user = new AbortController()
  const finding = findInstance(searching([], { socket, interrupt: user.signal }))

  user.abort()

  await t.rejects(finding, { code: 'BATON_INTERRUPTED' })
})

await t.test('without an argument the places of this machine are searched', async (t) => {
  const { places, ...search } = searching([], { socket: '/nowhere/at/all.sock' })

  await t.rejects(findInstance(search), { message: 'no service answers; looked at:\n  /nowhere/at/all.sock: does not exist' })
})

await t.test('the environment names an instance by its socket or its port, and other settings are ignored', async (t) => {
  t.strictSame(readInstanceHint({ CONTROL_SOCKET: '/run/x.sock', PORT: '4000', WORKERS: 'many' } as Record<string, string>), { controlSocket: '/run/x.sock', port: 4000 })
  for (const PORT of [undefined, '', '0']) t.strictSame(readInstanceHint({ PORT }), { controlSocket: undefined, port: undefined })
  t.throws(() => readInstanceHint({ PORT: 'http' }), { code: 'BATON_INVALID_SETTINGS', message: /PORT is "http"/ })
})
