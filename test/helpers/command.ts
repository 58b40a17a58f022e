import { spawn } from 'node:child_process'
import type { Test } from 'tap'
import { commandOf } from './built.ts'
import { waitUntil } from './wait-until.ts'

export interface Said {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunningCommand {
  readonly pid: number
  /** What it has printed so far. */
  readonly out: () => string
  /** Reads no more of it. */
  readonly leave: () => void
  readonly ended: Promise<Said>
}

export interface CommandOptions {
  /** Above the environment of the test; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
}

/** Starts the real command in a process of its own, with nothing on its standard input. */
export function startCommand (t: Test, args: readonly string[], { env = {}, cwd }: CommandOptions = {}): RunningCommand {
  const [command = '', ...before] = commandOf()
  const child = spawn(command, [...before, ...args], {
    env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], ...cwd === undefined ? {} : { cwd }
  })
  t.teardown(() => child.kill('SIGKILL'))
  let [out, err] = ['', '']
  let code: number | null | undefined
  child.stdout.on('data', (text) => { out += String(text) })
  child.stderr.on('data', (text) => { err += String(text) })
  child.once('close', (exitCode) => { code = exitCode })
  const ended = waitUntil(() => code !== undefined, () => `the end of baton ${args.join(' ')}; so far:\n${out}${err}`, 60_000)
    .then(() => ({ code: code as number | null, out, err }))
  return { pid: child.pid as number, out: () => out, leave: () => { child.stdout.destroy() }, ended }
}
