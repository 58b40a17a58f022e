import { execFile } from 'node:child_process'
import type { Environment } from '../../config/config.ts'
import type { Logger } from '../../log/logger.ts'
import { append, type Notification } from './notification.ts'

/** Milliseconds for one run of the program, which waits up to 5 s until systemd has read what it sent. */
const PATIENCE = 10_000

/** An errno name, or the exit code of the program. */
export type NotifyFailure = Error & { readonly code?: string | number | null | undefined }

/** Runs the program; a parameter for tests. */
export type Run = (assignments: readonly string[], environment: Environment, done: (error: NotifyFailure | null) => void) => void

/**
 * Sends notifications by the program `systemd-notify`, because Node has no datagram UNIX sockets: one at a
 * time and in order. Nothing waits for it but `flush()`, and if it fails that costs a warning.
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
    this.#log.warn({ err: error }, 'systemd was not notified: systemd-notify failed. Install the package it is in (Debian: systemd); a unit of Type=notify is stopped otherwise')
  }
}

function runSystemdNotify (assignments: readonly string[], environment: Environment, done: (error: NotifyFailure | null) => void): void {
  try {
    execFile('systemd-notify', assignments, { env: { ...environment }, timeout: PATIENCE }, done)
  /* c8 ignore next 4 -- out of file descriptors or processes: no test goes there */
  } catch (error) {
    // Some of these are thrown, others come by the callback.
    process.nextTick(done, error as Error)
  }
}
