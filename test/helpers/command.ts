import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { waitUntil } from './wait-until.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

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

/** Starts the real command in a process of its own, with nothing on its standard input. */
export function startCommand (t: Test, args: readonly string[], env: Readonly<Record<string, string | undefined>> = {}, cwd?: string): RunningCommand {
  const child = spawn(process.execPath, [MAIN, ...args], {
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
