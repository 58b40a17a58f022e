import { spawn, type ChildProcess } from 'node:child_process'

import { readLogLines, type LogLine } from './log-lines.ts'

const LINES_KEPT = 20
const LAST_LINES_TIMEOUT = 500

export interface ServiceExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Nobody had called `stop()`. */
  readonly isUnasked: boolean
  /** It had to be killed, because it was still there at the deadline. */
  readonly isKilled: boolean
}

type LineListener = (line: LogLine, text: string) => void

/**
 * A program under `node` that does not outlive this one, unless this one is killed by SIGKILL.
 *
 * It leads a process group of its own: Ctrl-C reaches this program only, which then stops it in order,
 * and at the deadline its workers can be killed with it.
 */
export class ServiceProcess {
  /** Settles when the process is gone; never rejects. */
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
      // There is no `exit` event when it could not be spawned.
      child.once('error', () => { resolve(this.#end(null, null)) })
      child.once('exit', (code, signal) => {
        const exit = this.#end(code, signal)
        child.once('close', () => { resolve(exit) })
        // Its last lines are worth a wait, but workers that outlive it hold its output open.
        setTimeout(() => { resolve(exit) }, LAST_LINES_TIMEOUT).unref()
      })
    })
    for (const stream of [child.stdout, child.stderr]) {
      readLogLines(stream, (text, line) => { this.#hear(text, line) })
    }
  }

  get pid (): number | undefined {
    return this.#child.pid
  }

  /** The last lines of its output, for an error message. */
  get lastLines (): string {
    return this.#lastLines.join('\n')
  }

  /** @returns a function that ends the subscription */
  onLine (listener: LineListener): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  /** Sends a signal to the process itself, not to its workers. */
  signal (signal: NodeJS.Signals): void {
    if (!this.gone.aborted) this.#child.kill(signal)
  }

  /**
   * Sends SIGTERM, waits, and then sends SIGKILL to whoever is left of the whole group.
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
    const exit = { code, signal, isUnasked: !this.#isStopping, isKilled: this.#isKilled }
    this.#gone.abort()
    return exit
  }

  #hear (text: string, line: LogLine): void {
    this.#lastLines.push(text)
    if (this.#lastLines.length > LINES_KEPT) this.#lastLines.shift()
    for (const listener of this.#listeners) listener(line, text)
  }

  #killGroup (): void {
    if (this.#child.pid === undefined) return
    try {
      process.kill(-this.#child.pid, 'SIGKILL')
    } catch {
      // Nobody is left in it.
    }
  }
}
