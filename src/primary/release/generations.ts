import type { Generation } from './generation.ts'

/** The generations that a slot may still need, by number. The newest stays as well, so that no number is used twice. */
export class Generations {
  readonly #byNumber = new Map<number, Generation>()

  constructor (first: Generation) {
    this.add(first)
  }

  /** The number of the next generation. */
  get nextNumber (): number {
    return Math.max(...this.#byNumber.keys()) + 1
  }

  add (generation: Generation): void {
    this.#byNumber.set(generation.number, generation)
  }

  /** @param number of a generation that was added and not removed */
  of (number: number): Generation {
    return this.#byNumber.get(number) as Generation
  }

  /** Removes all generations except these and the newest. */
  retain (wanted: readonly number[]): void {
    const newest = this.nextNumber - 1
    for (const number of this.#byNumber.keys()) {
      if (number !== newest && !wanted.includes(number)) this.#byNumber.delete(number)
    }
  }
}
