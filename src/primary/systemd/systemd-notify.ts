import { execFile } from 'node:child_process'
import type { Environment } from '../../config/config.ts'
import type { Logger } from '../../log/logger.ts'
import { append, type Notification } from './notification.ts'

/** Milliseconds for one run of the program, which itself waits up to 5 s for systemd to read the notification. */
const RUN_TIMEOUT = 10_000

/** An errno name, or the exit code of the program. */
export type NotifyFailure = Error & { readonly code?: string | number | null | undefined }

/** Runs the program; a parameter for tests. */
export type Run = (assignments: readonly string[], environment: Environment, done: (error: NotifyFailure | null) => void) => void

/**
 * Sends notifications with the program `systemd-notify`, because Node has no datagram UNIX sockets: one at a
 * time and in order. Only `flush()` waits for it, and the first failure is logged as a warning.
 */
export class SystemdNotify {
  readonly #environment: Environment
  readonly #log: Logger
  readonly #run: Run
  #pending: readonly Notification[] = []
  #isRunning = false
  #hasWarned = false
  #isMissing = false
  #onIdle = (): void => {}

  constructor (environment: Environment, log: Logger, run: Run = runSystemdNotify) {
    this.#environment = environment
    this.#log = log
    this.#run = run
  }

  send (notification: Notification): void {
    if (this.#isMissing) return
    this.#pending = append(this.#pending, notification)
    this.#next()
  }

  /** Resolves when everything has been sent, or after `timeout` milliseconds. */
  async flush (timeout: number): Promise<void> {
    if (!this.#isRunning) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeout)
      this.#onIdle = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #next (): void {
    if (this.#isRunning) return
    const [first, ...rest] = this.#pending
    if (first === undefined) {
      this.#onIdle()
      return
    }
    this.#pending = rest
    this.#isRunning = true
    this.#run(Object.entries(first).map(([name, value]) => `${name}=${value}`), this.#environment, (error) => {
      this.#isRunning = false
      if (error !== null) this.#warn(error)
      this.#next()
    })
  }

  #warn (error: NotifyFailure): void {
    if (error.code === 'ENOENT') {
      this.#isMissing = true
      this.#pending = []
    }
    if (this.#hasWarned) return
    this.#hasWarned = true
    this.#log.warn({ err: error }, 'systemd was not notified: systemd-notify failed. Install the package that contains it (Debian: systemd); otherwise systemd stops a unit of Type=notify')
  }
}

function runSystemdNotify (assignments: readonly string[], environment: Environment, done: (error: NotifyFailure | null) => void): void {
  try {
    execFile('systemd-notify', assignments, { env: { ...environment }, timeout: RUN_TIMEOUT }, done)
  /* c8 ignore next 4 -- out of file descriptors or processes: not tested */
  } catch (error) {
    // Some of these errors are thrown, others are passed to the callback.
    process.nextTick(done, error as Error)
  }
}
