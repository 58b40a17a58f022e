/** Repeated measurements of one thing. */
export interface Spread {
  readonly median: number
  /** The lowest and the highest. */
  readonly low: number
  readonly high: number
}

/** @returns the middle value, or the mean of the two in the middle; NaN when there are none */
export function median (values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  const upper = sorted[half] ?? NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? NaN) + upper) / 2
}

/** @returns the median with the lowest and the highest: a few rounds do not justify more */
export function spreadOf (values: readonly number[]): Spread {
  if (values.length === 0) return { median: NaN, low: NaN, high: NaN }
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) }
}

/**
 * Compares measurements that were taken in turns, each with its neighbour: whatever slows down the machine for
 * a while slows down both.
 *
 * @returns the spread of the quotients of each round, not the quotient of the medians
 */
export function ratio (values: readonly number[], bases: readonly number[]): Spread {
  return spreadOf(values.flatMap((value, round) => {
    const base = bases[round]
    return base === undefined || base === 0 ? [] : [value / base]
  }))
}

/** @returns the greatest divided by the mean: 1 when all are equal; NaN when there are none */
export function imbalance (counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0)
  return Math.max(...counts) / (total / counts.length)
}

/** @returns `0.98 (0.95 to 1.01)` */
export function formatSpread (spread: Spread, format: (value: number) => string): string {
  const { median, low, high } = spread
  if (Number.isNaN(median)) return 'not measured'
  return low === high ? format(median) : `${format(median)} (${format(low)} to ${format(high)})`
}
