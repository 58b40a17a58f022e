/** Some measurements of one thing. */
export interface Summary {
  readonly median: number
  /** The least and the greatest. */
  readonly low: number
  readonly high: number
}

/** @returns the middle one, or the mean of the two in the middle; NaN when there are none */
export function median (values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  const upper = sorted[half] ?? NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? NaN) + upper) / 2
}

/** @returns the median with the least and the greatest: few rounds allow no finer statement */
export function summarize (values: readonly number[]): Summary {
  if (values.length === 0) return { median: NaN, low: NaN, high: NaN }
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) }
}

/**
 * Compares measurements that were taken in turns, each with its neighbour: what slows the machine for a
 * while slows both.
 *
 * @returns of the quotients of a round, and not the quotient of the medians
 */
export function ratio (values: readonly number[], bases: readonly number[]): Summary {
  return summarize(values.flatMap((value, round) => {
    const base = bases[round]
    return base === undefined || base === 0 ? [] : [value / base]
  }))
}

/** @returns how far the greatest is above the mean: 1 when all are equal; NaN when there are none */
export function imbalance (counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0)
  return Math.max(...counts) / (total / counts.length)
}

/** @returns `0.98 (0.95 to 1.01)` */
export function formatSummary (summary: Summary, format: (value: number) => string): string {
  const { median, low, high } = summary
  if (Number.isNaN(median)) return 'not measured'
  return low === high ? format(median) : `${format(median)} (${format(low)} to ${format(high)})`
}
