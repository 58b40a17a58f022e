import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { measurePrograms } from '../helpers/built.ts'
import { startCommand, type Said } from '../helpers/command.ts'
import { hello } from '../helpers/http.ts'
import { isAlive, serve, startProgram, type Program, type ProgramOptions } from '../helpers/program.ts'
import { createRelease, saying } from '../helpers/release.ts'
import { fixture } from '../helpers/root.ts'
import { waitUntil } from '../helpers/wait-until.ts'

const app = (name: string): string => fixture(`apps/${name}.js`)

/** A running service, and a function that runs commands on it. */
async function serveCommands (t: Test, { env = {}, ...options }: ProgramOptions = {}): Promise<{ program: Program, socket: string, baton: (...args: string[]) => Promise<Said> }> {
  const folder = mkdtempSync(join(tmpdir(), 'baton-cli-'))
  const socket = join(folder, 'control.sock')
  const program = await serve(t, { ...options, env: { CANARY_MS: '0', CONTROL_SOCKET: socket, ...env } })
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  return { program, socket, baton: async (...args) => await startCommand(t, args, { env: { CONTROL_SOCKET: socket, NO_COLOR: undefined } }).ended }
}

await t.test('baton reload shows each step, and ends with 0 when all workers are of the new generation', async (t) => {
  const { program, baton } = await serveCommands(t)

  const { code, out, err } = await baton('reload')

  t.strictSame({ code, err }, { code: 0, err: '' })
  t.match(out, /^reload started: generation 2, 2 workers\nslot 0 {2}generation 1 → 2 {2}ready in [\d,]+ ms, old one draining\nslot 1 {2}generation 1 → 2 {2}ready in [\d,]+ ms, old one draining\nreload completed: generation 2 in [\d,]+ ms\n$/)
  t.match(await hello(program.url), { generation: 2 })
})

await t.test('baton reload --drained ends when the older workers have exited', async (t) => {
  const { program, baton } = await serveCommands(t)
  const old = program.events('worker:ready').map(({ pid }) => Number(pid))

  const { code, out } = await baton('reload', '--drained')

  t.equal(code, 0)
  t.match(out, /reload completed: .*\n(.*\n)*all workers of older generations have exited \([\d,]+ ms\)\n$/)
  t.strictSame(out.match(/generation 1 {2}drained in/g)?.length, 2)
  t.strictSame(old.filter(isAlive), [])
})

await t.test('baton reload of a release that cannot start ends with 1, the cause, and the generation that still serves', async (t) => {
  const release = createRelease(t, saying('one'))
  const { program, baton } = await serveCommands(t, { args: [release.path] })
  release.deploy('throw new Error("no database")')

  const { code, err } = await baton('reload')

  t.equal(code, 1)
  t.match(err, /^baton: reload failed: generation 2 after [\d,]+ ms, slot 0: no database\nbaton: all slots run generation 1\n$/)
  t.match(await hello(program.url), { release: 'one', generation: 1 })
})

await t.test('baton reload that a SIGHUP overtakes ends with 1, and Ctrl-C does not stop a reload', async (t) => {
  const { program, baton } = await serveCommands(t, { env: { CANARY_MS: '60000' } })
  const overtaken = baton('reload')
  await program.event('worker:ready', 3)
  program.child.kill('SIGHUP')
  t.match(await overtaken, { code: 1, err: /^baton: reload overtaken: generation 2 after .*, because a newer reload was requested\n$/ })

  const waiting = startCommand(t, ['reload', '--socket', String(program.find(({ event }) => event === 'server:ready')?.control)])
  await waitUntil(() => waiting.out().includes('reload started'), () => 'the reload')
  process.kill(waiting.pid, 'SIGINT')

  t.match(await waiting.ended, { code: 130, err: 'baton: interrupted; the reload continues\n' })
  t.equal(program.find(({ event, err }) => event === 'reload:failed' && err?.message === 'interrupted'), undefined)
})

await t.test('baton status, scale and stop', async (t) => {
  measurePrograms(t)
  const { program, baton } = await serveCommands(t)

  const status = await baton('status')
  t.match(status, { code: 0, out: program.url, err: '' })
  t.match(status.out, 'process ' + program.pid)
  t.strictSame(status.out.split('\n').filter((line) => line.length > 80), [])
  t.match(JSON.parse((await baton('status', '--json')).out), { pid: program.pid, wanted: 2, generation: { number: 1 } })

  t.strictSame(await baton('scale', '3'), { code: 0, out: '2 → 3 workers\n3 workers are ready\n', err: '' })
  t.equal(program.events('worker:ready').length, 3)
  t.strictSame(await baton('scale', '1', '--json'), { code: 0, out: '{"workers":1}\n', err: '' })

  t.strictSame(await baton('stop'), { code: 0, out: 'stopped\n', err: '' })
  t.same(await program.exit(), { code: 0, signal: null })
  t.match(await baton('stop'), { code: 69, err: /no service answers; looked at:\n.*control\.sock: does not exist/ })
})

await t.test('an instance is found by its socket: the only one, the one of PORT, or the named one', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'baton-cli-'))
  const env = { CONTROL_SOCKET: undefined, RUNTIME_DIRECTORY: folder, WORKERS: '1' }
  const baton = async (args: string[], more = {}): Promise<Said> => await startCommand(t, args, { env: { CONTROL_SOCKET: undefined, PORT: undefined, RUNTIME_DIRECTORY: folder, TMPDIR: folder, ...more } }).ended
  const first = await serve(t, { env })
  t.match(await baton(['status']), { code: 0, out: first.url })
  const second = await serve(t, { env })
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })

  const several = await baton(['status'])
  t.match(several, { code: 64, err: /several services answer; choose one with --socket:/ })
  for (const { url, pid } of [first, second]) t.match(several.err, `process ${pid}, ${url}`)
  t.match(await baton(['status'], { PORT: String(second.port) }), { code: 0, out: second.url })
  t.match(await baton(['status', '--socket', join(folder, `baton-${first.port}.sock`)]), { code: 0, out: first.url })
})

await t.test('baton start serves an application with the name of a command', async (t) => {
  measurePrograms(t)
  const cwd = t.testdir({ 'package.json': '{ "type": "module" }', reload: saying('named reload'), 'app.js': saying('app') })

  t.match(await hello((await serve(t, { args: ['start', 'app.js'], cwd })).url), { release: 'app' })
  const lost = startProgram(t, { args: ['start', 'nowhere.js'], cwd })
  t.same(await lost.exit(), { code: 3, signal: null })
  t.match(lost.lines.at(-1)?.msg, `the application ${join(cwd, 'nowhere.js')} does not exist`)
})

await t.test('a wrong command line ends with 64 and the usage of the command', async (t) => {
  t.match(await startCommand(t, ['scale', '0']).ended, { code: 64, out: '', err: /^baton: the number of workers is "0".*\n\nUsage: baton scale <workers>/ })
  t.match(await startCommand(t, ['reload', '--help']).ended, { code: 0, out: /^Usage: baton reload/, err: '' })
  t.match(await startCommand(t, ['stop', '--version']).ended, { code: 0, out: /^\d+\.\d+\.\d+\n$/ })
  t.match(await startCommand(t, ['status'], { env: { CONTROL_SOCKET: undefined, PORT: 'http' } }).ended, { code: 78, err: /PORT is "http"/ })
})

await t.test('baton check tries what a start would use, while the service runs', async (t) => {
  const { program } = await serveCommands(t)
  const check = async (args: string[], env = {}): Promise<Said> => await startCommand(t, ['check', ...args], { env: { PORT: String(program.port), ...env } }).ended

  t.match(await check([app('hello')]), { code: 0, out: /^configuration ok\napplication ok \(ready in [\d,]+ ms\)\n$/ })
  t.match(await check([app('throws-on-import')]), { code: 3, out: 'configuration ok\n', err: /the application cannot start: Error: no database/ })
  t.match(await check([app('hello')], { WORKERS: 'many' }), { code: 78, out: '', err: /WORKERS is "many"/ })
  const { code, out } = await check(['--json', app('hello')])
  t.equal(code, 0)
  t.match(JSON.parse(out), { ok: true, problems: [], application: { path: app('hello'), error: null } })
  t.match(await hello(program.url), { generation: 1 })
})

await t.test('the output of an application does not mix with that of a check', async (t) => {
  measurePrograms(t)
  const { path } = createRelease(t, `console.log('hello from the application')\n${saying('one')}`)

  const { out, err } = await startCommand(t, ['check', '--json', path]).ended

  t.match(JSON.parse(out), { ok: true })
  t.match(err, 'hello from the application')
})

await t.test('a reader that has gone ends a command without an error', async (t) => {
  measurePrograms(t)
  const { socket, program } = await serveCommands(t)
  const head = startCommand(t, ['status', '--watch', '0.05', '--socket', socket])
  await waitUntil(() => head.out().includes(program.url), () => 'an update')

  head.leave()

  t.match(await head.ended, { code: 1, err: '' })
})
