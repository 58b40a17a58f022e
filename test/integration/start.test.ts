import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { findFreePort } from '../helpers/free-port.ts'
import { measurePrograms } from '../helpers/built.ts'
import { hello, send } from '../helpers/http.ts'
import { serve, startProgram } from '../helpers/program.ts'
import { fixture, ROOT } from '../helpers/root.ts'
import { waitUntil } from '../helpers/wait-until.ts'

const app = (name: string): string => fixture(`apps/${name}.js`)

await t.test('wrong settings are all named at once, with code 78 and no worker', async (t) => {
  const program = startProgram(t, { env: { PORT: 'http', SCHEDULING: 'fair', KEEP_ALIVE_TIMEOUT_MS: '-1', WORKERS: '1', MAX_SURGE: '0' } })

  t.same(await program.exit(), { code: 78, signal: null })
  t.match(program.stderr, 'PORT is "http": it must be an integer from 0 to 65535')
  t.match(program.stderr, 'SCHEDULING is "fair": it must be one of round-robin, shared')
  t.match(program.stderr, 'KEEP_ALIVE_TIMEOUT_MS is "-1"')
  t.match(program.stderr, 'MAX_SURGE is 0')
  t.same(program.lines, [])
})

await t.test('a wrong command line gets the usage and code 64', async (t) => {
  measurePrograms(t)
  for (const [args, message] of [
    [['--fast'], 'Unknown option \'--fast\''],
    [['one.js', 'two.js'], 'only one application is possible, not 2: one.js two.js'],
    [['--help=yes'], 'does not take an argument']
  ] as const) {
    const program = startProgram(t, { args })

    t.same(await program.exit(), { code: 64, signal: null })
    t.match(program.stderr, message)
    t.match(program.stderr, 'Usage: baton')
  }
})

await t.test('--help and --version print and exit', async (t) => {
  measurePrograms(t)
  const help = startProgram(t, { args: ['--help'] })
  t.same(await help.exit(), { code: 0, signal: null })
  t.match(help.text(), 'Usage: baton')

  const version = startProgram(t, { args: ['--version'] })
  t.same(await version.exit(), { code: 0, signal: null })
  t.equal(version.lines[0]?.msg, JSON.parse(readFileSync('package.json', 'utf8')).version)
})

await t.test('an application that cannot start ends the first start with code 3 and the cause as the last line', async (t) => {
  for (const [path, cause] of [
    ['/nowhere/app.js', 'the application /nowhere/app.js does not exist'],
    [app('empty'), 'has no plugin: its default export is missing'],
    [app('exits-on-boot'), 'exited with code 7 before it was ready']
  ] as const) {
    const program = startProgram(t, { args: [path] })

    t.same(await program.exit(), { code: 3, signal: null })
    t.equal(program.lines.at(-1)?.level, 60)
    t.match(program.lines.at(-1)?.msg, cause)
    t.equal(program.events('worker:forked').length, 2, 'one attempt a slot')
    t.same(program.survivors(), [])
  }
})

await t.test('an application that is never ready ends the first start after the start timeout', async (t) => {
  const program = startProgram(t, { args: [app('never-ready')], env: { START_TIMEOUT_MS: '1000' } })

  t.same(await program.exit(), { code: 3, signal: null })
  t.match(program.lines.at(-1), { err: { type: 'StartTimeoutError', code: 'BATON_START_TIMEOUT' } })
})

await t.test('when only some slots start, they serve while the others are tried again', async (t) => {
  const program = await serve(t, { args: [app('misses-in-slot-1')] })

  t.match(await program.event('worker:exited', 2), { slot: 1 })
  t.match(program.find(({ event }) => event === 'server:ready'), { workers: 1 })
  t.equal((await send(`${program.url}/health/live`)).status, 200)
})

await t.test('a port in use ends the start with code 3 and names the address', async (t) => {
  measurePrograms(t)
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo
  t.teardown(() => { holder.close() })

  const program = startProgram(t, { env: { PORT: String(port) } })

  t.same(await program.exit(), { code: 3, signal: null })
  t.equal(program.stderr, `baton: port ${port} (PORT) is in use by process ${process.pid} (node): stop that process, or set PORT to another port\n`)
  t.same(program.lines, [], 'nothing was started')
})

await t.test('an address of another host ends the start with code 3, and the error names it', async (t) => {
  const program = startProgram(t, { env: { HOST: '192.0.2.1' } })

  t.same(await program.exit(), { code: 3, signal: null })
  t.match(program.stderr, 'EADDRNOTAVAIL: address not available 192.0.2.1')
})

await t.test('the start-up line names the application, the address, the number of workers, and how to reload', async (t) => {
  const program = await serve(t)

  const line = program.find(({ event }) => event === 'server:ready')
  t.equal(line?.msg, `serving the built-in application on http://127.0.0.1:${program.port} with 2 workers; reload with: kill -HUP ${program.pid}`)
})

await t.test('the port of PORT=0 stays the same after the only worker has crashed', async (t) => {
  const program = await serve(t, { env: { WORKERS: '1' } })

  process.kill((await hello(program.url)).pid, 'SIGKILL')
  await program.event('worker:ready', 2)

  t.match(await hello(program.url), { generation: 1 })
})

await t.test('HOST may be a name or an IPv6 address', async (t) => {
  for (const [host, url] of [['localhost', /^http:\/\/localhost:/], ['::1', /^http:\/\/\[::1\]:/]] as const) {
    const program = await serve(t, { env: { HOST: host } })

    t.match(program.url, url)
    t.match(await hello(program.url), { generation: 1 })
    t.equal((await program.reload()).event, 'reload:completed')
    t.match(await hello(program.url), { generation: 2 })
  }
})

await t.test('APP names the application, the command line takes precedence, and a relative path is relative to the working directory', async (t) => {
  const cwd = fixture('apps')
  const byVariable = await serve(t, { env: { APP: 'hello.js' }, cwd })
  t.match(await hello(byVariable.url), { app: 'hello' })

  const byArgument = await serve(t, { env: { APP: 'never-ready.js' }, args: ['./hello.js'], cwd })
  t.match(await hello(byArgument.url), { app: 'hello' })
})

await t.test('an application written for PM2 runs, and its messages are ignored', async (t) => {
  const program = await serve(t, { args: [app('written-for-pm2')] })

  t.equal((await program.reload()).event, 'reload:completed')
  t.match(await hello(program.url), { generation: 2 })
})

await t.test('with SCHEDULING=shared the workers accept connections themselves, and a reload works the same', async (t) => {
  const program = await serve(t, { env: { SCHEDULING: 'shared' } })

  t.equal((await program.reload()).event, 'reload:completed')
  for (let count = 0; count < 8; count++) t.match(await hello(program.url), { generation: 2 })
})

await t.test('PID_FILE is written when the service is ready, and removed at the exit', async (t) => {
  measurePrograms(t)
  const path = join(t.testdir({}), 'baton.pid')
  const program = await serve(t, { env: { PID_FILE: path } })

  t.equal(readFileSync(path, 'utf8'), `${program.pid}\n`)
  const second = startProgram(t, { env: { PID_FILE: path } })
  t.same(await second.exit(), { code: 78, signal: null })
  t.match(second.stderr, `PID_FILE ${path} names process ${program.pid}, which is running`)

  program.child.kill('SIGTERM')
  await program.exit()
  t.notOk(existsSync(path))
})

await t.test('a PID_FILE of a process that has exited is replaced, and one that cannot be written is an error', async (t) => {
  const path = join(t.testdir({}), 'baton.pid')
  const gone = spawn(process.execPath, ['-e', ''])
  await once(gone, 'exit')
  writeFileSync(path, String(gone.pid))
  const program = await serve(t, { env: { PID_FILE: path } })
  t.equal(readFileSync(path, 'utf8'), `${program.pid}\n`)

  const lost = startProgram(t, { env: { PID_FILE: '/nowhere/baton.pid' } })
  t.same(await lost.exit(), { code: 78, signal: null })
  t.match(lost.stderr, 'PID_FILE /nowhere/baton.pid cannot be written')
})

await t.test('a log that cannot be written costs neither a request nor the exit', async (t) => {
  const full = openSync('/dev/full', 'w')
  const port = await findFreePort()
  const child = spawn(process.execPath, ['dist/main.js'], {
    env: { ...process.env, PORT: String(port), WORKERS: '1', LOG_REQUESTS: 'true' }, stdio: ['ignore', full, 'pipe']
  })
  closeSync(full)
  t.teardown(() => { child.kill('SIGKILL') })
  const url = `http://127.0.0.1:${port}`
  const statuses: number[] = []
  await waitUntil(() => {
    send(url).then(({ status }) => { statuses.push(status) }, () => {})
    return statuses.length > 10
  }, () => 'ten answers')

  child.kill('SIGTERM')

  t.same(await once(child, 'exit'), [0, null])
  t.ok(statuses.every((status) => status === 200))
})

await t.test('a log whose reader has gone costs neither a request nor the exit', async (t) => {
  const program = await serve(t, { env: { LOG_REQUESTS: 'true' } })

  program.child.stdout?.destroy()
  for (let count = 0; count < 10; count++) await hello(program.url)
  program.child.kill('SIGTERM')

  t.same(await program.exit(), { code: 0, signal: null })
})

await t.test('a worker that is started by hand says that only Baton can start it', async (t) => {
  const program = startProgram(t, { main: join(ROOT, 'dist/worker/index.js') })

  t.equal((await program.exit()).code, 1)
  t.match(program.stderr, 'this program is a worker: only Baton can start it')
})
