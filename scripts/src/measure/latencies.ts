/** Each bucket is this much wider than the one before, which is the error of a percentile. */
const BUCKET_GROWTH = 1.01
const SHORTEST_LATENCY = 0.01
const LONGEST_LATENCY = 600_000
const BUCKETS = Math.ceil(Math.log(LONGEST_LATENCY / SHORTEST_LATENCY) / Math.log(BUCKET_GROWTH)) + 1

/**
 * Milliseconds, in buckets that grow by 1 % from 10 µs to 10 minutes: 7 KB for any number of them.
 *
 * hdr-histogram-js takes ten times as much for the same error over the same range, and three packages;
 * each slice of the timeline needs a histogram of its own.
 *
 * Most are of a closed loop: a client sends its next request only after the answer, so a server that
 * stalls for a second shows as one slow request per client, and as a lower rate.
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
    const bucket = Math.ceil(Math.log(latency / SHORTEST_LATENCY) / Math.log(BUCKET_GROWTH))
    const index = Math.min(Math.max(bucket, 0), BUCKETS - 1)
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1
    this.#count++
    this.#max = Math.max(this.#max, latency)
  }

  /** Adds everything that the other has counted. */
  merge (other: Latencies): void {
    for (const [index, count] of other.#buckets.entries()) {
      if (count > 0) this.#buckets[index] = (this.#buckets[index] ?? 0) + count
    }
    this.#count += other.#count
    this.#max = Math.max(this.#max, other.#max)
  }

  /**
   * @param share 0.99 for the 99th percentile, 0 for the shortest
   * @returns the latency that this share did not exceed, at most 1 % too high and never too low; 0 when there are none
   */
  percentile (share: number): number {
    const rank = Math.max(1, Math.ceil(this.#count * share))
    let passed = 0
    for (let index = 0; index < BUCKETS; index++) {
      passed += this.#buckets[index] ?? 0
      if (passed >= rank) return Math.min(SHORTEST_LATENCY * BUCKET_GROWTH ** index, this.#max)
    }
    return this.#max
  }
}
