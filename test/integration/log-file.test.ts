import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { measurePrograms } from '../helpers/built.ts'
import { hello, keepAlive, send } from '../helpers/http.ts'
import { LogFolder } from '../helpers/log-folder.ts'
import { startProgram, type Program } from '../helpers/program.ts'
import { createRelease } from '../helpers/release.ts'
import { waitUntil } from '../helpers/wait-until.ts'

interface Logging {
  readonly program: Program
  readonly cwd: string
  readonly logs: LogFolder
  /** Does what logrotate does: renames the file, then signals the process. */
  readonly rotate: (number: number) => void
}

/** Starts a program that logs into `logs/app.log`. */
async function serve (t: Test, env: Readonly<Record<string, string>> = {}): Promise<Logging> {
  const cwd = t.testdir({ logs: {} })
  const logs = new LogFolder(join(cwd, 'logs'))
  const program = startProgram(t, { cwd, env: { LOG_FILE: 'logs/app.log', LOG_REQUESTS: 'true', ...env } })
  logs.feed(t, program)
  await program.ready()
  return {
    program,
    cwd,
    logs,
    rotate: (number) => {
      renameSync(join(cwd, 'logs/app.log'), join(cwd, `logs/app.log.${number}`))
      program.child.kill('SIGUSR2')
    }
  }
}

/** Clients that send one request after the other, each with its own id, until they are stopped. */
class Load {
  readonly ids: string[] = []
  readonly #clients: Array<Promise<void>>
  #isOver = false

  constructor (url: string, clients: number) {
    this.#clients = Array.from({ length: clients }, async (_, client) => { await this.#run(url, client) })
  }

  /** @returns the ids of all requests, each of which was answered */
  async stop (): Promise<string[]> {
    this.#isOver = true
    await Promise.all(this.#clients)
    return this.ids
  }

  async answered (count: number): Promise<void> {
    const end = this.ids.length + count
    await waitUntil(() => this.ids.length >= end, () => `${count} answers`)
  }

  async #run (url: string, client: number): Promise<void> {
    const agent = keepAlive()
    for (let count = 0; !this.#isOver; count++) {
      const id = `${client}-${count}`
      const { status } = await send(url, { agent, headers: { 'x-request-id': id } })
      if (status !== 200) throw new Error(`request ${id} was answered ${status}`)
      this.ids.push(id)
    }
    agent.destroy()
  }
}

await t.test('SIGUSR2 after a rename: every line of every process goes into the new file', async (t) => {
  const { program, cwd, logs, rotate } = await serve(t)
  t.match(logs.lines('app.log'), [{ event: 'worker:forked' }])
  t.same(await hello(program.url).then(({ generation }) => generation), 1)

  rotate(1)
  await program.event('log:reopened', 3)
  const before = logs.text('app.log.1')
  await Promise.all(Array.from({ length: 20 }, async () => { await hello(program.url) }))
  await program.reload()
  program.child.kill('SIGTERM')
  t.same(await program.exit(), { code: 0, signal: null })

  t.equal(logs.text('app.log.1'), before)
  t.match(logs.lines('app.log').at(-1), { msg: 'stopped' })
  t.equal(new Set(program.events('log:reopened').map(({ pid }) => pid)).size, 3, 'by the primary and both workers')
  t.equal(statSync(join(cwd, 'logs/app.log')).mode & 0o777, 0o640 & ~process.umask())
})

await t.test('rotations under load and during reloads lose no line and fail no request', async (t) => {
  measurePrograms(t)
  const { program, logs, rotate } = await serve(t, { CANARY_MS: '0' })
  const load = new Load(program.url, 4)

  for (let round = 1; round <= 2; round++) {
    await load.answered(50)
    const from = program.lines.length
    program.child.kill('SIGHUP')
    await program.line(({ event }) => event === 'worker:draining', from)
    rotate(round)
    await program.line(({ event }) => event === 'reload:completed', from)
    await program.line(({ event, pid }) => event === 'log:reopened' && pid === undefined, from)
  }
  const ids = await load.stop()
  program.child.kill('SIGTERM')
  t.same(await program.exit(), { code: 0, signal: null })

  const lines = logs.all()
  for (const msg of ['incoming request', 'request completed']) {
    const logged = lines.filter((line) => line.msg === msg).map(({ reqId }) => reqId).sort()
    t.strictSame(logged, [...ids].sort(), `one line "${msg}" for each request`)
  }
  t.equal(lines.filter(({ event }) => event === 'worker:drained').length, 6)
})

await t.test('a worker that is forked after the rename opens the new file', async (t) => {
  const { program, cwd, logs } = await serve(t, { WORKERS: '1' })
  renameSync(join(cwd, 'logs/app.log'), join(cwd, 'logs/app.log.1'))

  process.kill((await hello(program.url)).pid, 'SIGKILL')
  await program.event('worker:ready', 2)
  const { pid } = await hello(program.url)
  await program.line((line) => line.msg === 'request completed' && line.pid === pid)

  t.ok(logs.lines('app.log').every((line) => line.pid === pid))
  t.notOk(logs.lines('app.log.1').some((line) => line.pid === pid && line.msg === 'request completed'))
})

await t.test('a log file that cannot be opened costs no request: old workers keep the open one, new workers use standard output', async (t) => {
  const { program, cwd, logs } = await serve(t, { WORKERS: '1' })
  renameSync(join(cwd, 'logs'), join(cwd, 'old'))
  const old = new LogFolder(join(cwd, 'old'))
  program.child.kill('SIGUSR2')
  await waitUntil(() => old.lines('app.log').filter(({ event }) => event === 'log:unopened').length === 2, () => 'two lines about it')

  process.kill((await hello(program.url)).pid, 'SIGKILL')
  t.match(await program.event('log:unopened'), { level: 50, slot: 0, err: { code: 'BATON_LOG_FILE', message: /cannot be opened \(ENOENT/ } })
  await waitUntil(() => old.lines('app.log').filter(({ event }) => event === 'worker:ready').length === 2, () => 'the worker')
  t.equal((await send(program.url)).status, 200)

  mkdirSync(join(cwd, 'logs'))
  program.child.kill('SIGUSR2')
  await waitUntil(() => existsSync(join(cwd, 'logs/app.log')) && logs.lines('app.log').length === 2, () => 'the new file')
  t.match(logs.lines('app.log').map(({ event }) => event), ['log:reopened', 'log:reopened'])
})

await t.test('a LOG_FILE that cannot be opened is an error at the start', async (t) => {
  const cwd = t.testdir({ 'app.log': {} })
  const program = startProgram(t, { cwd, env: { LOG_FILE: 'app.log' } })

  t.same(await program.exit(), { code: 78, signal: null })
  t.match(program.stderr, `baton: LOG_FILE ${join(cwd, 'app.log')} cannot be opened (EISDIR`)
  t.same(program.events('worker:forked'), [])
})

await t.test('LOG_FILE does not change on a reload, and new workers log into the same file as the others', async (t) => {
  const cwd = t.testdir({ '.env': 'LOG_FILE=one.log\nLOG_REQUESTS=true\n', logs: {} })
  const program = startProgram(t, { cwd, env: { LOG_FILE: undefined } })
  const log = (): string => existsSync(join(cwd, 'one.log')) ? readFileSync(join(cwd, 'one.log'), 'utf8') : ''
  await waitUntil(() => log().includes('server:ready'), () => 'the start')
  const { url } = JSON.parse(log().split('\n').find((line) => line.includes('server:ready')) as string)

  writeFileSync(join(cwd, '.env'), 'LOG_FILE=two.log\nLOG_REQUESTS=true\n')
  program.child.kill('SIGHUP')
  await waitUntil(() => log().includes('reload:completed'), () => 'the reload')
  await hello(url)

  await waitUntil(() => /"generation":2[^\n]*"request completed"/.test(log()), () => 'the line of a request')
  t.match(log(), /LOG_FILE/)
  t.notOk(existsSync(join(cwd, 'two.log')))
})

await t.test('no line contains credentials of a client, however the application logs them', async (t) => {
  const { path } = createRelease(t, `export default async function (fastify) {
    fastify.get('/', async (request, reply) => {
      reply.header('set-cookie', 'session=hunter2')
      request.log.info({ headers: request.headers, raw: request.raw.rawHeaders, res: { headers: reply.getHeaders() } }, 'all of it')
      request.log.child({ req: { headers: request.headers } }).info(JSON.stringify(request.headers))
      throw Object.assign(new Error('no'), { request: { headers: request.headers } })
    })
  }`)
  const program = await startProgram(t, { args: [path], env: { WORKERS: '1', LOG_REQUESTS: 'true' } }).ready()

  await send(program.url, { headers: { 'x-request-id': 'one', authorization: 'Bearer hunter2', 'proxy-authorization': 'hunter2', cookie: 'a="hunter2"' } })
  await program.line(({ msg }) => msg === 'request completed')

  t.match(program.lines.filter(({ reqId }) => reqId === 'one').map(({ msg }) => msg), ['incoming request', 'all of it', /Redacted/, 'no', 'request completed'])
  t.match(program.find(({ msg }) => msg === 'no')?.err, { request: { headers: { authorization: '[Redacted]', 'x-request-id': 'one' } } })
  t.notMatch(program.text(), 'hunter2')
})

await t.test('without LOG_FILE, SIGUSR2 changes nothing', async (t) => {
  const program = await startProgram(t, { env: { LOG_REQUESTS: 'true' } }).ready()

  program.child.kill('SIGUSR2')
  process.kill((await hello(program.url)).pid, 'SIGUSR2')

  t.equal((await program.reload()).event, 'reload:completed')
  t.same(program.events('worker:exited').filter(({ code }) => code !== 0), [])
  t.same(program.events('log:reopened'), [])
  program.child.kill('SIGTERM')
  t.same(await program.exit(), { code: 0, signal: null })
})
