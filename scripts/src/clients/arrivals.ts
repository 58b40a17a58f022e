/**
 * When requests should be made in the open model: at random, at so many a second in the mean, whatever becomes of
 * the earlier ones (a Poisson process, as of many clients who do not know of each other).
 *
 * Times are of one clock in milliseconds, that of `now`.
 */
export class Arrivals {
  readonly #gap: number
  readonly #random: () => number
  #next: number

  /**
   * @param rate a second
   * @param random from 0 up to 1
   */
  constructor (rate: number, startAt: number, random: () => number) {
    this.#gap = 1000 / rate
    this.#random = random
    this.#next = startAt + this.#draw()
  }

  /** When the next request should be made. */
  get next (): number {
    return this.#next
  }

  /** @returns all times that have come since the last call, also those that this program was late for */
  take (now: number): number[] {
    const due: number[] = []
    while (this.#next <= now) {
      due.push(this.#next)
      this.#next += this.#draw()
    }
    return due
  }

  #draw (): number {
    return -Math.log(1 - this.#random()) * this.#gap
  }
}
