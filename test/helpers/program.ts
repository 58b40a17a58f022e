import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import { areProgramsMeasured, commandOf } from './built.ts'
import type { HeldSocket } from './held-socket.ts'
import { DEADLINE, waitUntil } from './wait-until.ts'

export interface LogLine {
  readonly level?: number
  readonly msg: string
  readonly event?: string
  readonly slot?: number
  readonly generation?: number
  readonly pid?: number
  readonly code?: number
  readonly err?: { readonly message: string, readonly code?: string, readonly stack?: string }
  readonly [field: string]: unknown
}

export interface ProgramOptions {
  /** Above the environment of the test; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly args?: readonly string[]
  readonly cwd?: string
  /** Main program, if it is not the one that this repository builds. */
  readonly main?: string
  /** Handed over as systemd hands over a listening socket. */
  readonly socket?: HeldSocket
}

/** Becomes the program whose process is named as the one that the sockets are for. */
const AS_OWNER = ['/bin/sh', '-c', 'LISTEN_PID=$$ exec "$@"', 'sh']

/** A running instance of the real program. */
export class Program {
  readonly child: ChildProcess
  readonly lines: LogLine[] = []
  stderr = ''
  readonly #exited: Promise<unknown[]>
  #hasEnded = false

  constructor ({ env = {}, args = [], cwd, main, socket }: ProgramOptions) {
    const [command = '', ...before] = [...socket === undefined ? [] : AS_OWNER, ...commandOf(main)]
    this.child = spawn(command, [...before, ...args], {
      env: { ...process.env, PORT: '0', WORKERS: '2', CONTROL_SOCKET: 'off', ...socket === undefined ? {} : { LISTEN_FDS: '1' }, ...env },
      stdio: ['ignore', 'pipe', 'pipe', ...socket === undefined ? [] : [socket.fd]],
      ...cwd === undefined ? {} : { cwd }
    })
    this.#exited = once(this.child, 'close')
    this.child.once('close', () => { this.#hasEnded = true })
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.lines.push(line.startsWith('{') ? JSON.parse(line) : { msg: line })
    })
    this.child.stderr?.on('data', (text) => { this.stderr += String(text) })
  }

  get pid (): number {
    return this.child.pid as number
  }

  get url (): string {
    return String(this.find(({ event }) => event === 'server:ready')?.url)
  }

  get port (): number {
    return Number(this.find(({ event }) => event === 'server:ready')?.port)
  }

  find (matches: (line: LogLine) => boolean): LogLine | undefined {
    return this.lines.find(matches)
  }

  events (name: string): LogLine[] {
    return this.lines.filter(({ event }) => event === name)
  }

  /** @returns the first line that matches, from the n-th line of the log on */
  async line (matches: (line: LogLine) => boolean, from = 0): Promise<LogLine> {
    const found = (): LogLine | undefined => this.lines.slice(from).find(matches)
    await this.#comes(() => found() !== undefined, () => 'a log line')
    return found() as LogLine
  }

  /** @returns the n-th line of an event */
  async event (name: string, count = 1): Promise<LogLine> {
    await this.#comes(() => this.events(name).length >= count, () => `${count} times ${name}`)
    return this.events(name)[count - 1] as LogLine
  }

  /** Whoever has ended logs nothing more. */
  async #comes (isThere: () => boolean, what: () => string): Promise<void> {
    await waitUntil(() => isThere() || this.#hasEnded, () => `${what()}; the log so far:\n${this.text()}`)
    if (!isThere()) throw new Error(`the program has ended without ${what()}; its log:\n${this.text()}`)
  }

  async ready (): Promise<this> {
    await this.event('server:ready')
    return this
  }

  /** Sends SIGHUP and waits until the reload has ended. */
  async reload (): Promise<LogLine> {
    const from = this.lines.length
    this.child.kill('SIGHUP')
    return await this.line(({ event = '' }) => ['reload:completed', 'reload:failed', 'reload:refused'].includes(event), from)
  }

  async exit (): Promise<{ code: number | null, signal: NodeJS.Signals | null }> {
    await waitUntil(() => this.child.exitCode !== null || this.child.signalCode !== null, () => `the exit; the log so far:\n${this.text()}`)
    await this.#exited
    return { code: this.child.exitCode, signal: this.child.signalCode }
  }

  /** @returns the processes of this instance that are still there */
  survivors (): number[] {
    const forked = this.events('worker:forked').map(({ pid }) => pid as number)
    return [...forked, ...this.child.exitCode === null && this.child.signalCode === null ? [this.pid] : []].filter(isAlive)
  }

  text (): string {
    return [...this.lines.map((line) => JSON.stringify(line)), this.stderr].join('\n')
  }

  kill (): void {
    for (const pid of this.survivors()) process.kill(pid, 'SIGKILL')
  }
}

/** Milliseconds for a stop; a process that holds a request longer is killed. */
const GRACE = 3000

/** Starts the program; whatever is left of it is ended when the test ends. */
export function startProgram (t: Test, options: ProgramOptions = {}): Program {
  const program = new Program(options)
  // Of one that is killed, what it ran is missing in the coverage.
  const grace = areProgramsMeasured() ? DEADLINE : GRACE
  t.teardown(async () => {
    program.child.kill('SIGINT')
    await waitUntil(() => program.survivors().length === 0, () => 'the stop', grace).catch(() => {})
    program.kill()
    await program.exit()
    await waitUntil(() => program.survivors().length === 0, () => 'the last process')
  })
  return program
}

/** Starts the program and waits until it serves. */
export async function serve (t: Test, options: ProgramOptions = {}): Promise<Program> {
  return await startProgram(t, options).ready()
}

/** A process that has ended and was not collected by its parent yet counts as gone. */
export function isAlive (pid: number): boolean {
  try {
    const [, state] = /\) (.)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
    return state !== 'Z'
  } catch {
    return false
  }
}
