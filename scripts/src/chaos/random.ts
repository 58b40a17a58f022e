export const LARGEST_SEED = 2 ** 32 - 1

/** Random numbers that can be repeated: the same seed gives the same numbers. */
export class Random {
  #state: number

  /** @param seed an integer from 0 to LARGEST_SEED */
  constructor (seed: number) {
    this.#state = seed
  }

  /** @returns a number from 0 up to 1, as `Math.random`; mulberry32 */
  next (): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let bits = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }

  /** @returns an integer, both bounds included */
  between (minimum: number, maximum: number): number {
    return minimum + Math.floor(this.next() * (maximum - minimum + 1))
  }

  /** @returns one of them; undefined when there is none. It draws one number either way. */
  pick<T> (items: readonly T[]): T | undefined {
    return items[Math.floor(this.next() * items.length)]
  }

  /** @returns one of them, as often as its weight says */
  weighted<T extends { readonly weight: number }> (items: readonly [T, ...T[]]): T {
    let left = this.next() * items.reduce((sum, { weight }) => sum + weight, 0)
    return items.find(({ weight }) => (left -= weight) < 0) ?? items[0]
  }
}
