import { join } from 'node:path'
import t, { type Test } from 'tap'
import { checkRelease, type CheckResult } from '../../../../src/primary/release/check.ts'
import { fixture, program } from '../../../helpers/root.ts'

const PROGRAM = program('src/main.ts')
const APPS = fixture('apps')

// Processes start slowly on a busy machine, and most tests here are not about that timeout.
process.env.START_TIMEOUT_MS = '120000'

/** Checks as the program would when started in this directory. */
async function check (application: string | undefined, directory = APPS): Promise<CheckResult> {
  return await checkRelease(application, { directory, program: PROGRAM, isPinned: false })
}

/** Sets variables of this process, and restores them after the test. */
function set (t: Test, variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name]
    process.env[name] = value
    t.teardown(() => { if (before === undefined) delete process.env[name]; else process.env[name] = before })
  }
}

await t.test('an application that becomes ready is closed again, and its process exits', async (t) => {
  const { problems, application } = await check('hello.js')

  t.strictSame(problems, [])
  t.match(application, { path: join(APPS, 'hello.js'), error: null, warning: null })
  t.ok(Number(application?.durationMs) > 0)
})

await t.test('without an application the built-in one is checked', async (t) => {
  t.match((await check(undefined)).application, { path: null, error: null, warning: null })
})

await t.test('hooks run, ENV_FILE is read, and nothing listens', async (t) => {
  const directory = t.testdir({
    'package.json': '{ "type": "module" }',
    '.env': 'TINT=red\nPORT=1\n',
    'app.js': `export default async function (fastify) {
      if (process.env.TINT !== 'red') throw new Error('no variables')
      fastify.addHook('onListen', async () => { throw new Error('it listens') })
      fastify.addHook('onClose', async () => { throw new Error('hook ran, listening: ' + fastify.server.listening) })
      setInterval(() => {}, 1000)
    }`
  })

  t.match((await check('app.js', directory)).application, { error: null, warning: { code: 'BATON_UNCLEAN_CLOSE', message: /did not close cleanly: hook ran, listening: false/ } })
})

await t.test('an application that cannot start is reported with the cause', async (t) => {
  const rows: ReadonlyArray<readonly [string, object]> = [
    ['nowhere.js', { code: 'BATON_APPLICATION_NOT_FOUND' }],
    ['empty.js', { code: 'BATON_NO_PLUGIN' }],
    ['throws-on-import.js', { message: 'no database', stack: /throws-on-import\.js/ }],
    ['exits-on-boot.js', { code: 'BATON_WORKER_EXITED', message: 'the worker exited with code 7 before it was ready' }]
  ]
  for (const [name, error] of rows) {
    t.match((await check(name)).application, { error, warning: null })
  }
})

await t.test('an application that exits with code 0, or by a signal, has not become ready', async (t) => {
  const directory = t.testdir({ 'zero.cjs': 'process.exit(0)', 'signal.cjs': "process.kill(process.pid, 'SIGKILL')\nwhile (true);", 'late.cjs': 'module.exports = async (fastify) => { setTimeout(() => { throw new Error("late") }); await new Promise(() => {}) }' })

  t.match((await check('zero.cjs', directory)).application, { error: { message: 'the worker exited with code 0 before it was ready' } })
  t.match((await check('signal.cjs', directory)).application, { error: { message: 'the worker was killed by SIGKILL before it was ready' } })
  t.match((await check('late.cjs', directory)).application, { error: { message: 'late' } })
})

await t.test('an application has START_TIMEOUT_MS to become ready, and STOP_TIMEOUT_MS to close', async (t) => {
  set(t, { START_TIMEOUT_MS: '300' })
  t.match((await check('never-ready.js')).application, { error: { code: 'BATON_START_TIMEOUT' } })

  set(t, { START_TIMEOUT_MS: '120000', STOP_TIMEOUT_MS: '300' })
  t.match((await check('never-closes.js')).application, { error: null, warning: { message: /did not close cleanly: it was still running after 300 ms \(STOP_TIMEOUT_MS\)/ } })
})

await t.test('all configuration errors are reported together, and nothing is booted', async (t) => {
  set(t, { PORT: 'http', WORKERS: 'many' })

  t.match(await check('throws-on-import.js'), { problems: [{ code: 'BATON_INVALID_SETTINGS', message: /PORT is "http".*WORKERS is "many"/s }], application: null })
  t.match((await check('nowhere.js')).problems, [{ code: 'BATON_INVALID_SETTINGS' }, { code: 'BATON_APPLICATION_NOT_FOUND' }])
  t.equal((await check(undefined)).problems.length, 1)
})

await t.test('a missing ENV_FILE or program is a configuration error', async (t) => {
  t.match(await checkRelease('hello.js', { directory: APPS, program: '/nowhere/main.js', isPinned: false }), { problems: [{ code: 'ENOENT' }], application: null })
  set(t, { ENV_FILE: 'nowhere.env' })

  t.match(await check('hello.js'), { problems: [{ code: 'BATON_ENV_FILE' }], application: null })
})

await t.test('a process that cannot be started counts as an application that cannot start', async (t) => {
  // More than the system allows for one variable.
  const directory = t.testdir({ '.env': `LONG=${'x'.repeat(200_000)}` })

  t.match((await check(undefined, directory)).application, { error: { code: 'BATON_FORK_FAILED', message: /E2BIG/ } })
  t.match((await check(undefined, '/nowhere/at/all')).application, { error: { code: 'BATON_FORK_FAILED', message: /ENOENT/ } })
})
