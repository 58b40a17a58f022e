import type { ErrorReport } from '../../errors.ts'
import { afterCrash, isLoopingUntil, NO_CRASHES, type Intensity } from './restart-policy.ts'

/** The crashes of the pool, and what follows from them for restarts. */
export class CrashRecord {
  #restarts = NO_CRASHES
  #lastCause: ErrorReport | undefined
  #unservedSince: number | undefined

  /** When the next crashed worker may be replaced. */
  get restartAt (): number {
    return this.#restarts.restartAt
  }

  /** Crashes within the window. */
  get count (): number {
    return this.#restarts.crashes.length
  }

  /** Why the last worker crashed. */
  get lastCause (): ErrorReport | undefined {
    return this.#lastCause
  }

  /** No worker is ready at present. */
  get isUnserved (): boolean {
    return this.#unservedSince !== undefined
  }

  /** Notes why a worker ended, whether or not that counts for restarts. */
  noteCause (cause: ErrorReport): void {
    this.#lastCause = cause
  }

  /**
   * Counts a crash.
   *
   * @param random from 0 to 1
   * @returns milliseconds by which it delays the next restart; 0 when it does not, or when it is delayed already
   */
  add (now: number, random: number, intensity: Intensity): number {
    const before = Math.max(now, this.#restarts.restartAt)
    this.#restarts = afterCrash(this.#restarts, now, random, intensity)
    return this.#restarts.restartAt > before ? this.#restarts.restartAt - now : 0
  }

  /** @returns until when workers count as crashing in a loop; in the past when they do not */
  loopingUntil (intensity: Intensity): number {
    return isLoopingUntil(this.#restarts, intensity)
  }

  /** Notes whether any worker is ready. */
  noteServed (isServed: boolean, now: number): void {
    this.#unservedSince = isServed ? undefined : this.#unservedSince ?? now
  }

  /** @returns when to stop trying; Infinity while a worker is ready */
  giveUpAt (giveUp: number): number {
    return this.#unservedSince === undefined ? Infinity : this.#unservedSince + giveUp
  }

  /** Time in which the primary was paused does not count. */
  creditPause (pause: number): void {
    if (this.#unservedSince !== undefined) this.#unservedSince += pause
  }
}
