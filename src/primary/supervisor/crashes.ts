import type { ErrorReport } from '../../errors.ts'
import { afterCrash, isLoopingUntil, NO_CRASHES, type Intensity } from './restart-policy.ts'

/** What is on record of the crashes of the pool, and what follows from it for restarts. */
export class CrashRecord {
  #restarts = NO_CRASHES
  #lastCause: ErrorReport | undefined
  #unservedSince: number | undefined

  /** No crashed worker is replaced before. */
  get restartAt (): number {
    return this.#restarts.restartAt
  }

  /** How many there were within the window. */
  get count (): number {
    return this.#restarts.crashes.length
  }

  /** Why the last worker ended that was not asked to. */
  get lastCause (): ErrorReport | undefined {
    return this.#lastCause
  }

  /** Nobody serves at present. */
  get isUnserved (): boolean {
    return this.#unservedSince !== undefined
  }

  /** Notes why a worker ended, whether or not that counts for restarts. */
  blame (cause: ErrorReport): void {
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

  /** Notes whether anybody serves. */
  watch (isServed: boolean, now: number): void {
    this.#unservedSince = isServed ? undefined : this.#unservedSince ?? now
  }

  /** @returns when it is no use to go on; Infinity while somebody serves */
  giveUpAt (giveUp: number): number {
    return this.#unservedSince === undefined ? Infinity : this.#unservedSince + giveUp
  }

  /** Time in which nobody could have become ready counts for nothing. */
  forgive (gap: number): void {
    if (this.#unservedSince !== undefined) this.#unservedSince += gap
  }
}
