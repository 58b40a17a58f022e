import type { Host, Timer } from '../workers/host.ts'

/** Milliseconds by which a timer may be late on a busy machine. */
const USUAL_DELAY = 500

/** Wakes the supervisor, and knows when that came much too late: then the gap is ours, not the workers'. */
export class Alarm {
  readonly #host: Host
  readonly #ring: () => void
  #timer: Timer | undefined
  #dueAt = Infinity

  constructor (host: Host, ring: () => void) {
    this.#host = host
    this.#ring = ring
  }

  /** @param time when to ring next; Infinity for never */
  set (time: number): void {
    this.#timer?.clear()
    this.#dueAt = time
    this.#timer = time === Infinity ? undefined : this.#host.setTimer(Math.max(0, time - this.#host.now()), this.#ring)
  }

  /**
   * How long nobody listened, beyond what is usual: we were stopped, starved, or the machine was suspended.
   *
   * Ask at each event, not only when it rings: messages may be read before the timer that is due.
   */
  overslept (now: number): number {
    const delay = now - this.#dueAt
    return delay > USUAL_DELAY ? delay : 0
  }
}
