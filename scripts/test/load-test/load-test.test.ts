import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { loadTest } from '../../src/load-test/program.ts'
import { parseRunRecord } from '../../src/report/run-record.ts'
import { StartedService } from '../../src/service/started-service.ts'
import { program } from '../helpers/fixture.ts'

const DEADLINE = 10_000

const RUNS: ReadonlyArray<readonly [title: string, args: readonly string[], code: number, output: readonly RegExp[]]> = [
  [
    'exits 0 when no request fails',
    ['--program', program('reloads'), '--duration', '0.5', '--reloads', '2', '--connections', '20'],
    0,
    [/^\d+ clients of 17 kinds load http:\/\/127\.0\.0\.1:\d+ for 0.5 s, with 2 reloads\n/, /\nNo request failed: .*, 2 reloads completed\.\n$/]
  ],
  [
    'exits 1 when a request fails',
    ['--program', program('resets-one-request'), '--duration', '0.5', '--reloads', '0', '--connections', '10'],
    1,
    [/\nFAILED: [1-4] of [\d,]+ requests failed\. /]
  ],
  [
    'exits 1 when a reload fails',
    ['--program', program('reload-fails'), '--duration', '0.5', '--reloads', '1', '--connections', '10'],
    1,
    [/\nFAILED: reload 1: failed \(worker exited\)\. /]
  ],
  [
    'exits 1 when the service exits during the run',
    ['--program', program('exits-on-sighup'), '--duration', '30', '--reloads', '59', '--connections', '10'],
    1,
    [/the service exited with code 5 during the run/]
  ],
  [
    'exits 1 when the service does not start',
    ['--program', program('exits-on-boot')],
    1,
    [/exited before it answered; its last lines:\n[^]*the configuration is wrong/]
  ],
  ['exits 64 when the command line is wrong', ['--duration', 'soon'], 64, [/^--duration is "soon": .* \(--help lists the options\)\n$/]],
  ['exits 64 when the host is another machine', ['--url', 'http://192.0.2.1', '--reloads', '0'], 64, [/^192\.0\.2\.1 is not a loopback host/]],
  ['exits 64 when there is no process with the pid', ['--url', 'http://127.0.0.1', '--pid', '4194304'], 64, [/^--pid is 4194304: kill ESRCH/]],
  ['exits 64 before it starts when the report cannot be written', ['--report', '/nowhere/run.html'], 64, [/^--report is \/nowhere\/run\.html, which cannot be written: ENOENT/]],
  ['exits 64 when the file of the record is a folder', ['--json', '/'], 64, [/^--json is \/, which cannot be written: it is a directory/]],
  ['exits 0 when asked for help', ['--help'], 0, [/^Usage: npm run load-test/]]
]

t.jobs = 4

const runs = RUNS.map(async ([title, args, code, output]) => {
  await t.test(`the load test ${title}`, async (t) => {
    const [exitCode, text] = await run(args)

    t.equal(exitCode, code)
    for (const pattern of output) t.match(text, pattern)
  })
})

const running = t.test('the load test follows the reload of a running service, and leaves it running', async (t) => {
  const service = await StartedService.start(program('reloads'), process.env, DEADLINE)
  t.teardown(async () => { await service.process.stop(0) })

  const options = ['--duration', '0.5', '--reloads', '1', '--connections', '20']
  const [exitCode, text] = await run(['--url', service.target.origin, '--pid', String(service.process.pid), ...options])

  t.equal(exitCode, 0)
  t.match(text, /\nNo request failed: .*, 1 reload completed\.\n$/)
  t.equal(service.process.gone.aborted, false)
})

const reporting = t.test('the load test writes its run as a page and as JSON', async (t) => {
  const folder = t.testdir()
  const [page, record] = [join(folder, 'run.html'), join(folder, 'run.json')]

  // Long enough for an answer before the reload, also on a busy machine.
  const options = ['--duration', '2', '--reloads', '1', '--connections', '20', '--report', page, '--json', record]
  const [exitCode] = await run(options)

  const written = parseRunRecord(readFileSync(record, 'utf8'), record)
  t.equal(exitCode, 0)
  t.match(written, { verdict: { isGood: true }, settings: { WORKERS: null }, reloads: [{ outcome: 'completed', generation: 2 }] })
  t.match(written.command, /^npm run load-test -- --duration 2 /)
  t.ok(written.timeline.answered.reduce((sum, answered) => sum + answered, 0) === written.requests, 'all of them are in the timeline')
  t.ok(Math.max(...written.timeline.connections) >= 10, `connections: ${written.timeline.connections.join(' ')}`)
  t.strictSame(written.timeline.workers.map(({ slot, generation }) => [slot, generation]), [[0, 1], [0, 2]])
  t.strictSame(parseRunRecord(readFileSync(page, 'utf8'), page), written)
})

const piping = t.test('--json without a file writes only the record to stdout', async (t) => {
  const [exitCode, stderr, stdout] = await run(['--duration', '0.2', '--reloads', '0', '--connections', '1', '--json'])

  t.equal(exitCode, 0)
  t.match(parseRunRecord(stdout, 'stdout'), { failures: 0 })
  t.match(stderr, /\nNo request failed: /)
})

await Promise.all([...runs, running, reporting, piping])

/** @returns the output of both streams together, except when the record goes to stdout */
async function run (args: readonly string[]): Promise<[exitCode: number, output: string, stdout: string]> {
  const written: string[] = []
  const record: string[] = []
  const output = { write: (text: string) => { written.push(text) } }
  const stdout = args.at(-1) === '--json' ? { write: (text: string) => { record.push(text) } } : output
  const exitCode = await loadTest(args, {
    stdout, stderr: output, env: process.env, program: program('reloads'), signal: new AbortController().signal
  })
  return [exitCode, written.join(''), record.join('')]
}
