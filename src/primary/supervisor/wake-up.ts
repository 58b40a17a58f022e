import type { Host, Timer } from '../workers/host.ts'

/** Milliseconds by which a timer may be late on a busy machine. */
const USUAL_DELAY = 500

/** Wakes the supervisor at a given time, and notices when that is much too late: then the primary itself was paused. */
export class WakeUp {
  readonly #host: Host
  readonly #wake: () => void
  #timer: Timer | undefined
  #dueAt = Infinity

  constructor (host: Host, wake: () => void) {
    this.#host = host
    this.#wake = wake
  }

  /** @param time when to wake next; Infinity for never */
  set (time: number): void {
    this.#timer?.clear()
    this.#dueAt = time
    this.#timer = time === Infinity ? undefined : this.#host.setTimer(Math.max(0, time - this.#host.now()), this.#wake)
  }

  /**
   * Ask at each event, not only on waking: messages may be read before the timer that is due.
   *
   * @returns how many milliseconds the primary was paused, beyond what is usual: it was stopped or had no processor, or the
   * machine was suspended
   */
  lateBy (now: number): number {
    const delay = now - this.#dueAt
    return delay > USUAL_DELAY ? delay : 0
  }
}
