/** Each bucket is this much wider than the one before: the error of a percentile. */
const GROWTH = 1.01
const SHORTEST = 0.01
const LONGEST = 600_000
const BUCKETS = Math.ceil(Math.log(LONGEST / SHORTEST) / Math.log(GROWTH)) + 1

/**
 * Milliseconds, in buckets that grow by 1 % from 10 µs to 10 minutes: 7 KB, however many there are.
 *
 * hdr-histogram-js takes ten times as much for the same error over the same range, and three packages;
 * here one is needed for each piece of the timeline.
 *
 * They are times of a closed loop: a client sends its next request only after the answer, so a server
 * that stands still for a second shows as one slow request a client, and as a lower rate.
 */
export class Latencies {
  readonly #buckets = new Uint32Array(BUCKETS)
  #count = 0
  #max = 0

  get count (): number {
    return this.#count
  }

  /** Exact; 0 when there are none. */
  get max (): number {
    return this.#max
  }

  add (latency: number): void {
    const bucket = Math.ceil(Math.log(latency / SHORTEST) / Math.log(GROWTH))
    const index = Math.min(Math.max(bucket, 0), BUCKETS - 1)
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1
    this.#count++
    this.#max = Math.max(this.#max, latency)
  }

  /** Takes over all that the other counted. */
  merge (other: Latencies): void {
    for (const [index, count] of other.#buckets.entries()) {
      if (count > 0) this.#buckets[index] = (this.#buckets[index] ?? 0) + count
    }
    this.#count += other.#count
    this.#max = Math.max(this.#max, other.#max)
  }

  /**
   * @param share 0.99 for the 99th percentile, 0 for the shortest
   * @returns what so many did not exceed, at most 1 % too high and never too low; 0 when there are none
   */
  percentile (share: number): number {
    const rank = Math.max(1, Math.ceil(this.#count * share))
    let passed = 0
    for (let index = 0; index < BUCKETS; index++) {
      passed += this.#buckets[index] ?? 0
      if (passed >= rank) return Math.min(SHORTEST * GROWTH ** index, this.#max)
    }
    return this.#max
  }
}
