import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { extname, join } from 'node:path'

import t, { type Test } from 'tap'

import { program, isAlive } from '../helpers/fixture.ts'
import { waitUntil } from '../helpers/wait-until.ts'

/** Compiled or not, as this file. */
const PROGRAM = new URL(`../../src/load-test${extname(import.meta.url)}`, import.meta.url)

interface Started {
  readonly child: ChildProcess
  readonly output: () => string
  readonly code: Promise<number | null>
  readonly servicePid: () => number
}

function start (t: Test, ...args: string[]): Started {
  const pidFile = join(t.testdir(), 'pid')
  const child = fork(PROGRAM, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { ...process.env, PID_FILE: pidFile } })
  let output = ''
  t.teardown(() => { child.kill('SIGKILL') })
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (bytes: Buffer) => { output += bytes.toString() })
  }
  const code = once(child, 'close').then(([code]) => code as number | null)
  return { child, output: () => output, code, servicePid: () => Number(readFileSync(pidFile, 'utf8')) }
}

t.jobs = 2

const interruption = t.test('an interrupted load test reports, stops the service and exits 1', async (t) => {
  const run = start(t, '--program', program('reloads'), '--duration', '60', '--connections', '10')
  await waitUntil(() => run.output().includes('clients of 17 kinds'))

  // As a terminal and npm both do.
  run.child.kill('SIGINT')
  run.child.kill('SIGINT')

  t.equal(await run.code, 1)
  t.match(run.output(), /\nFAILED: the run was interrupted; /)
  t.equal(isAlive(run.servicePid()), false)
})

const secondInterruption = t.test('a second interruption kills the service and ends at once', async (t) => {
  const run = start(t, '--program', program('ignores-sigterm'), '--duration', '60', '--connections', '10')
  await waitUntil(() => run.output().includes('clients of 17 kinds'))

  run.child.kill('SIGINT')
  const interruptedAt = performance.now()
  await waitUntil(() => performance.now() - interruptedAt > 700)
  run.child.kill('SIGINT')

  t.equal(await run.code, 1)
  await waitUntil(() => !isAlive(run.servicePid()))
})

await Promise.all([interruption, secondInterruption])
