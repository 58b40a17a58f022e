import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { measurePrograms } from '../helpers/built.ts'
import { hello, send } from '../helpers/http.ts'
import { serve, startProgram } from '../helpers/program.ts'
import { saying } from '../helpers/release.ts'

/** An application that answers with a variable of its environment. */
const SHOWS_A_VARIABLE = `export default async function (fastify) {
  fastify.get('/', async () => ({ color: process.env.TINT ?? 'none', ...fastify.worker }))
}`

await t.test('SIGHUP reads ENV_FILE again: settings and the variables of the application reach the new workers only', async (t) => {
  const cwd = t.testdir({ 'package.json': '{ "type": "module" }', 'app.js': SHOWS_A_VARIABLE, '.env': 'TINT=red\nSECRET=hunter2\nWORKERS=2\n' })
  const program = await serve(t, { cwd, args: ['app.js'], env: { WORKERS: undefined } })
  t.match(await hello(program.url), { color: 'red' })

  writeFileSync(join(cwd, '.env'), 'TINT="blue"\nSECRET=hunter3\nWORKER_HEADER=true\nWORKERS=3\nLOG_LEVEL=debug\n')
  const ended = await program.reload()

  t.equal(ended.event, 'reload:completed')
  t.match(program.find(({ event }) => event === 'reload:started')?.changed, ['WORKER_HEADER', 'WORKERS', 'LOG_LEVEL'])
  t.notMatch(program.text(), 'hunter')
  t.equal(new Set(await Promise.all(Array.from({ length: 24 }, async () => (await hello(program.url)).pid))).size, 3)
  const { headers, body } = await send(program.url)
  t.ok(headers['x-baton-worker'])
  t.equal(JSON.parse(body).color, 'blue')
  t.notMatch(readFileSync(`/proc/${program.pid}/environ`, 'utf8'), 'TINT=')

  writeFileSync(join(cwd, '.env'), '')
  await program.reload()
  t.match(await hello(program.url), { color: 'none', generation: 3 })
})

await t.test('the environment of the process takes precedence over the file', async (t) => {
  const cwd = t.testdir({ 'package.json': '{ "type": "module" }', 'app.js': SHOWS_A_VARIABLE, 'live.env': 'TINT=red\nWORKERS=1\n' })
  const program = await serve(t, { cwd, args: ['app.js'], env: { ENV_FILE: 'live.env', TINT: 'green', WORKERS: '2' } })

  t.match(await hello(program.url), { color: 'green' })
  t.equal(program.events('worker:ready').length, 2)
})

await t.test('wrong settings refuse the reload before any fork, and the error names them all', async (t) => {
  const cwd = t.testdir({ '.env': 'WORKERS=2\n' })
  const program = await serve(t, { cwd, env: { WORKERS: undefined } })

  writeFileSync(join(cwd, '.env'), 'WORKERS=many\nDRAIN_TIMEOUT_MS=-5\n')
  const ended = await program.reload()

  t.equal(ended.event, 'reload:refused')
  t.match(ended.err?.message, /WORKERS is "many".*\n.*DRAIN_TIMEOUT_MS is "-5"/)
  t.equal(program.events('worker:forked').length, 2)
  t.match(await hello(program.url), { generation: 1 })
})

await t.test('a changed setting of the socket or of the primary causes a warning, and keeps its old value', async (t) => {
  const cwd = t.testdir({ '.env': '' })
  const program = await serve(t, { cwd })

  writeFileSync(join(cwd, '.env'), 'HOST=127.0.0.2\nSCHEDULING=shared\n')
  t.equal((await program.reload()).event, 'reload:completed')

  t.match(program.find(({ msg }) => msg.includes('a reload cannot change')), { level: 40, changed: ['HOST', 'SCHEDULING'] })
  t.match(await hello(program.url), { generation: 2 })
})

await t.test('a missing ENV_FILE is an error at the start and refuses a reload', async (t) => {
  const cwd = t.testdir({ 'live.env': '' })
  const lost = startProgram(t, { cwd, env: { ENV_FILE: 'nowhere.env' } })
  t.same(await lost.exit(), { code: 78, signal: null })
  t.match(lost.stderr, 'nowhere.env cannot be read')

  const program = await serve(t, { cwd, env: { ENV_FILE: 'live.env' } })
  rmSync(join(cwd, 'live.env'))
  t.equal((await program.reload()).event, 'reload:refused')
  t.match(await hello(program.url), { generation: 1 })
})

await t.test('a relative path follows the directory of the shell, even when a new release has replaced and removed it', async (t) => {
  const folder = t.testdir({})
  const current = join(folder, 'current')
  const deploy = (release: string): void => {
    mkdirSync(join(folder, release))
    writeFileSync(join(folder, release, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(folder, release, 'app.js'), saying(release))
    symlinkSync(join(folder, release), `${current}.next`)
    renameSync(`${current}.next`, current)
  }
  deploy('one')
  const program = await serve(t, { cwd: current, env: { PWD: current }, args: ['app.js'] })

  deploy('two')
  rmSync(join(folder, 'one'), { recursive: true })
  t.equal((await program.reload()).event, 'reload:completed')

  t.match(await hello(program.url), { release: 'two' })
})

await t.test('when the links to the working directory are unknown, the log says that relative paths are pinned', async (t) => {
  measurePrograms(t)
  const cwd = t.testdir({ 'package.json': '{ "type": "module" }', 'app.js': SHOWS_A_VARIABLE })
  const program = await serve(t, { cwd, env: { PWD: undefined }, args: ['app.js'] })

  t.match(program.find(({ msg }) => msg.startsWith('relative paths are pinned')), { directory: cwd })
  program.child.kill('SIGINT')
  t.same(await program.exit(), { code: 0, signal: null })
})

await t.test('a worker that cannot be forked fails the reload, and nothing else', async (t) => {
  measurePrograms(t)
  const cwd = t.testdir({ '.env': '' })
  const program = await serve(t, { cwd })

  // More than the system takes for one variable.
  writeFileSync(join(cwd, '.env'), `LONG=${'x'.repeat(200_000)}`)
  t.match(await program.reload(), { event: 'reload:failed', err: { code: 'BATON_FORK_FAILED', message: /E2BIG/ } })

  t.match(await hello(program.url), { generation: 1 })
  program.child.kill('SIGINT')
  t.same(await program.exit(), { code: 0, signal: null })
})
