import { spawn, type ChildProcess } from 'node:child_process'

import { readLogLines, type LogLine } from './log-lines.ts'

const MAX_LAST_LINES = 20
/** Milliseconds to wait for the last output after the exit. */
const LAST_LINES_TIMEOUT = 500

export interface ServiceExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** It exited without a call of `stop()`. */
  readonly isUnexpected: boolean
  /** It was still running at the deadline and had to be killed. */
  readonly isKilled: boolean
}

type LineListener = (line: LogLine, text: string) => void

/**
 * A program under `node` that does not outlive this one, unless this one is killed by SIGKILL.
 *
 * It leads its own process group: Ctrl-C reaches only this program, which then stops it properly, and
 * its workers can be killed with it at the deadline.
 */
export class ServiceProcess {
  /** Resolves when the process has exited; never rejects. */
  readonly exited: Promise<ServiceExit>
  /** Aborts at that moment. */
  readonly gone: AbortSignal
  readonly #child: ChildProcess
  readonly #listeners = new Set<LineListener>()
  readonly #lastLines: string[] = []
  readonly #killAtExit = () => { this.#killGroup() }
  readonly #gone = new AbortController()
  #isStopping = false
  #isKilled = false

  constructor (program: string, env: NodeJS.ProcessEnv, args: readonly string[] = []) {
    const child = spawn(process.execPath, [program, ...args], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    this.gone = this.#gone.signal
    process.once('exit', this.#killAtExit)
    this.exited = new Promise((resolve) => {
      // A process that could not be spawned has no `exit` event.
      child.once('error', () => { resolve(this.#end(null, null)) })
      child.once('exit', (code, signal) => {
        const exit = this.#end(code, signal)
        child.once('close', () => { resolve(exit) })
        // Wait for its last lines, but not forever: workers that outlive it keep its output open.
        setTimeout(() => { resolve(exit) }, LAST_LINES_TIMEOUT).unref()
      })
    })
    for (const stream of [child.stdout, child.stderr]) {
      readLogLines(stream, (text, line) => { this.#handleLine(text, line) })
    }
  }

  get pid (): number | undefined {
    return this.#child.pid
  }

  /** The last lines of its output, for an error message. */
  get lastLines (): string {
    return this.#lastLines.join('\n')
  }

  /** @returns a function that unsubscribes the listener */
  onLine (listener: LineListener): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  /** Sends a signal to the process itself, not to its workers. */
  signal (signal: NodeJS.Signals): void {
    if (!this.gone.aborted) this.#child.kill(signal)
  }

  /**
   * Sends SIGTERM, waits, and then sends SIGKILL to all processes that are left of the group.
   *
   * @param timeout milliseconds between the two
   */
  async stop (timeout: number): Promise<ServiceExit> {
    const deadline = setTimeout(() => {
      this.#isKilled = !this.gone.aborted
      this.#killGroup()
    }, timeout)
    this.#isStopping = true
    this.signal('SIGTERM')
    const exit = await this.exited
    clearTimeout(deadline)
    process.off('exit', this.#killAtExit)
    this.#killGroup()
    return exit
  }

  #end (code: number | null, signal: NodeJS.Signals | null): ServiceExit {
    const exit = { code, signal, isUnexpected: !this.#isStopping, isKilled: this.#isKilled }
    this.#gone.abort()
    return exit
  }

  #handleLine (text: string, line: LogLine): void {
    this.#lastLines.push(text)
    if (this.#lastLines.length > MAX_LAST_LINES) this.#lastLines.shift()
    for (const listener of this.#listeners) listener(line, text)
  }

  #killGroup (): void {
    if (this.#child.pid === undefined) return
    try {
      process.kill(-this.#child.pid, 'SIGKILL')
    } catch {
      // No process is left in it.
    }
  }
}
