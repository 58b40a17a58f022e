import { ExitCode } from '../../exit-codes.ts'
import type { DrainLimits } from '../../protocol/messages.ts'
import type { WorkerHandle } from '../workers/worker-handle.ts'

export interface StopOptions {
  /** Milliseconds after which an idle connection is closed. */
  readonly idleTimeout: number
  /** Milliseconds during which the service still serves while its health route already says that it stops. */
  readonly delay: number
}

/** How the service ends: because a stop was requested, or because continuing is pointless. */
export class Shutdown {
  /** When all workers are drained: until then they serve. */
  #drainAt = Infinity
  #deadline = Infinity
  #idleTimeout = 0
  #failure: ExitCode | undefined
  #hasCut = false
  #isUrgent = false

  /** All workers have a deadline by which to exit. */
  get hasDeadline (): boolean {
    return this.#drainAt !== Infinity
  }

  get drainAt (): number {
    return this.#drainAt
  }

  /** When every worker must have exited. */
  get deadline (): number {
    return this.#deadline
  }

  get code (): ExitCode {
    return this.#failure ?? (this.#hasCut ? ExitCode.forced : ExitCode.ok)
  }

  /** Has all workers drain within a time. */
  begin ({ delay, idleTimeout }: StopOptions, stopTimeout: number, now: number): void {
    this.#drainAt = now + delay
    this.#deadline = this.#drainAt + stopTimeout
    this.#idleTimeout = idleTimeout
  }

  /** No worker is wanted any more, and the service has failed. */
  fail (code: ExitCode): void {
    this.#failure = code
  }

  /** No worker is wanted any more. */
  isDue (now: number): boolean {
    return this.#failure !== undefined || now >= this.#drainAt
  }

  /** @returns true once, when workers that were draining before the stop must receive its limits */
  becomesUrgent (now: number): boolean {
    if (this.#isUrgent || now < this.#drainAt) return false
    this.#isUrgent = true
    return true
  }

  /** @param drainTimeout milliseconds for a drain outside of a stop */
  limits (now: number, drainTimeout: number): DrainLimits {
    return now < this.#drainAt ? { timeout: drainTimeout } : { timeout: this.#deadline - now, idleTimeout: this.#idleTimeout }
  }

  /** Notes that a worker is killed. One that could not even report what it holds is assumed to hold requests. */
  noteKill ({ readyAt, progress }: WorkerHandle): void {
    if (this.hasDeadline && readyAt !== undefined && progress?.requests !== 0) this.#hasCut = true
  }
}
