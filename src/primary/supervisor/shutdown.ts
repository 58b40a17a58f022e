import { ExitCode } from '../../exit-codes.ts'
import type { DrainLimits } from '../../protocol/messages.ts'
import type { WorkerHandle } from '../workers/worker-handle.ts'

export interface StopOptions {
  /** Milliseconds after which an idle connection is closed. */
  readonly idleTimeout: number
  /** Milliseconds during which everything is still served, while the health route says that it will not be for long. */
  readonly delay: number
}

/** How the service comes to its end: because it was asked to stop, or because it is no use to go on. */
export class Ending {
  /** When everything is drained: until then it is still served. */
  #drainAt = Infinity
  #deadline = Infinity
  #idleTimeout = 0
  #surrender: ExitCode | undefined
  #hasCut = false
  #isUrgent = false

  /** A stop was asked for. */
  get isAsked (): boolean {
    return this.#drainAt !== Infinity
  }

  get drainAt (): number {
    return this.#drainAt
  }

  /** When everybody has to be gone. */
  get deadline (): number {
    return this.#deadline
  }

  get code (): ExitCode {
    return this.#surrender ?? (this.#hasCut ? ExitCode.forced : ExitCode.ok)
  }

  ask ({ delay, idleTimeout }: StopOptions, stopTimeout: number, now: number): void {
    this.#drainAt = now + delay
    this.#deadline = this.#drainAt + stopTimeout
    this.#idleTimeout = idleTimeout
  }

  surrender (code: ExitCode): void {
    this.#surrender = code
  }

  /** Nothing is wanted any more. */
  isDue (now: number): boolean {
    return this.#surrender !== undefined || now >= this.#drainAt
  }

  /** @returns true once, when those that were draining before the stop have to know that it has become urgent */
  becomesUrgent (now: number): boolean {
    if (this.#isUrgent || now < this.#drainAt) return false
    this.#isUrgent = true
    return true
  }

  /** @param drainTimeout milliseconds for a drain that nobody is in a hurry with */
  limits (now: number, drainTimeout: number): DrainLimits {
    return now < this.#drainAt ? { timeout: drainTimeout } : { timeout: this.#deadline - now, idleTimeout: this.#idleTimeout }
  }

  /** A worker is killed: whoever could not even say what it holds holds something. */
  cuts ({ readyAt, progress }: WorkerHandle): void {
    if (this.isAsked && readyAt !== undefined && progress?.requests !== 0) this.#hasCut = true
  }
}
