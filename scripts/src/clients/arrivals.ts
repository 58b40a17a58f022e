/**
 * When requests should be made in the open model: at random, at a mean rate, independent of earlier requests
 * (a Poisson process, as of many independent clients).
 *
 * Times are milliseconds of one clock, that of `now`.
 */
export class Arrivals {
  readonly #gap: number
  readonly #random: () => number
  #next: number

  /**
   * @param rate requests a second
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

  /** @returns all times since the last call, including those that this program is late for */
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
