import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import t, { type Test } from 'tap'
import { findFreePort } from '../helpers/free-port.ts'
import { keepAlive, send, type Answer, type Hello } from '../helpers/http.ts'
import { isAlive, serve, startProgram, type Program, type ProgramOptions } from '../helpers/program.ts'
import { connectRaw } from '../helpers/raw-client.ts'
import { fixture } from '../helpers/root.ts'
import { createSocketPath } from '../helpers/socket-path.ts'
import { waitUntil } from '../helpers/wait-until.ts'

const HANGS = fixture('apps/hangs.js')
const CANARY = { CANARY_MS: '100' }

interface OnSocket {
  readonly program: Program
  readonly path: string
}

async function serveOn (t: Test, env: ProgramOptions['env'] = {}): Promise<OnSocket> {
  const path = createSocketPath(t)
  return { program: await serve(t, { env: { LISTEN_SOCKET: path, ...CANARY, ...env } }), path }
}

async function ask (path: string, target = '/'): Promise<Answer> {
  return await send(`http://test${target}`, { socketPath: path })
}

async function helloOn (path: string): Promise<Hello> {
  return JSON.parse((await ask(path)).body)
}

await t.test('a UNIX socket is listened on instead of the port, and the log says where', async (t) => {
  const path = createSocketPath(t)
  const port = await findFreePort()
  const program = await serve(t, { cwd: dirname(path), env: { LISTEN_SOCKET: basename(path), PORT: String(port) } })

  t.match(await helloOn(path), { generation: 1 })
  t.equal((await ask(path, '/health/ready')).status, 200)
  t.equal(program.url, `unix:${path}`)
  t.match(program.find(({ event }) => event === 'server:ready')?.msg, `on unix:${path} with 2 workers`)
  t.equal(program.find(({ event }) => event === 'server:ready')?.port, undefined)
  await t.rejects(connectRaw(t, port), { code: 'ECONNREFUSED' })
})

await t.test('the mode is 0660 unless another is asked for, whatever the umask, which stays that of the workers', async (t) => {
  const before = process.umask(0)
  t.teardown(() => { process.umask(before) })
  const { program, path } = await serveOn(t)
  const { pid } = await helloOn(path)

  t.equal(statSync(path).mode & 0o777, 0o660)
  t.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^Umask:\s*0000$/m)
  t.equal((await program.reload()).event, 'reload:completed')
  t.equal(statSync(path).mode & 0o777, 0o660)
  t.match(readFileSync(`/proc/${(await helloOn(path)).pid}/status`, 'utf8'), /^Umask:\s*0000$/m)
})

await t.test('after a crash of the only worker the socket is there again, with its mode', async (t) => {
  for (const scheduling of ['round-robin', 'shared']) {
    const { program, path } = await serveOn(t, { WORKERS: '1', LISTEN_MODE: '0666', SCHEDULING: scheduling })

    process.kill((await helloOn(path)).pid, 'SIGKILL')
    await program.event('worker:ready', 2)

    t.match(await helloOn(path), { generation: 1 })
    t.equal(statSync(path).mode & 0o777, 0o666)
  }
})

await t.test('a stop answers what is under way and removes the socket', async (t) => {
  for (const scheduling of ['round-robin', 'shared']) {
    const { program, path } = await serveOn(t, { SCHEDULING: scheduling })
    const agent = keepAlive()
    await send('http://test/', { socketPath: path, agent })
    const slow = send('http://test/slow?ms=1000', { socketPath: path, agent })
    await program.line(({ msg }) => msg.startsWith('serving'))
    await helloOn(path)

    program.child.kill('SIGTERM')

    t.equal((await slow).status, 200)
    t.same(await program.exit(), { code: 0, signal: null })
    t.notOk(existsSync(path))
    agent.destroy()
  }
})

await t.test('the socket of a primary that was killed is replaced, also while its workers leave', async (t) => {
  for (const scheduling of ['round-robin', 'shared']) {
    const { program, path } = await serveOn(t, { SCHEDULING: scheduling })

    program.child.kill('SIGKILL')
    await program.exit()
    const next = await serve(t, { env: { LISTEN_SOCKET: path, SCHEDULING: scheduling } })

    t.ok(next.events('worker:ready').map(({ pid }) => pid).includes((await helloOn(path)).pid))
    await waitUntil(() => !program.events('worker:forked').some(({ pid }) => isAlive(pid as number)), () => 'the workers of the first primary')
  }
})

await t.test('a socket in use is an error with code 78, and stays in use', async (t) => {
  const { program, path } = await serveOn(t)

  const second = startProgram(t, { env: { LISTEN_SOCKET: path } })

  t.same(await second.exit(), { code: 78, signal: null })
  t.match(second.stderr, `LISTEN_SOCKET ${path} is in use`)
  t.same(second.lines, [])
  t.match(await helloOn(path), { generation: 1 })
  t.equal(program.survivors().length, 3)
})

await t.test('a path that cannot be listened on is an error with code 78', async (t) => {
  const path = createSocketPath(t)
  writeFileSync(path, 'mine')

  for (const [wrong, message] of [
    [path, 'the file there is not a socket'],
    ['/nowhere/s', 'ENOENT'],
    [`/tmp/${'x'.repeat(103)}`, 'its path is 108 bytes long, and at most 107 are allowed']
  ] as const) {
    const program = startProgram(t, { env: { LISTEN_SOCKET: wrong } })

    t.same(await program.exit(), { code: 78, signal: null })
    t.match(program.stderr, `cannot listen on LISTEN_SOCKET ${wrong}: ${message}`)
  }
  t.equal(readFileSync(path, 'utf8'), 'mine')
})

await t.test('a permission that the mode takes away is denied', async (t) => {
  if (process.geteuid?.() !== 0) {
    t.comment('only root can try as another user')
    return
  }
  const { path } = await serveOn(t, { LISTEN_MODE: '0600' })
  const program = `require('node:net').connect(${JSON.stringify(path)}).on('error', ({ code }) => { console.log(code) })`
  spawnSync('chmod', ['755', dirname(path)])

  t.equal(String(spawnSync(process.execPath, ['-e', program], { uid: 65534, cwd: '/' }).stdout), 'EACCES\n')
})

await t.test('a reload cannot move the socket, and says so', async (t) => {
  const path = createSocketPath(t)
  const folder = dirname(path)
  writeFileSync(`${folder}/env`, `LISTEN_SOCKET=${path}\n`)
  const program = await serve(t, { env: { ENV_FILE: `${folder}/env`, ...CANARY } })

  writeFileSync(`${folder}/env`, `LISTEN_SOCKET=${path}2\n`)

  t.equal((await program.reload()).event, 'reload:completed')
  t.ok(program.find(({ level, msg }) => level === 40 && msg.startsWith('a reload cannot change LISTEN_SOCKET')))
  t.match(await helloOn(path), { generation: 2 })
  t.notOk(existsSync(`${path}2`))
})

await t.test('a worker that hangs is found and told where, with a UNIX socket as with a port', async (t) => {
  const { program, path } = await serveOn(t, { WORKERS: '1', HEARTBEAT_TIMEOUT_MS: '3000', APP: HANGS })
  const { pid } = await helloOn(path)

  const hung = ask(path, '/hang').then(() => 'answered', () => 'cut')

  t.match(await program.event('worker:hung'), { pid, stack: /spinForEver/ })
  t.equal(await hung, 'cut')
  await program.event('worker:ready', 2)
  t.match(await helloOn(path), { generation: 1 })
})
