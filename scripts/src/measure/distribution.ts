import type { Latencies } from './latencies.ts'

/** So many requests of 1 (`share`) took at most so long (`latency`, milliseconds). */
export interface DistributionPoint {
  readonly share: number
  readonly latency: number
}

/** Points for each factor of ten by which the slower requests become fewer. */
const POINTS_PER_NINE = 8
const MAX_NINES = 7

/**
 * The latency at 0 %, 90 %, 99 %, 99.9 % and points between them, as far as there are requests to tell;
 * the last one is the longest.
 */
export function distributionOf (latencies: Latencies): DistributionPoint[] {
  const { count, max } = latencies
  if (count === 0) return []
  const points: DistributionPoint[] = []
  for (let point = 0; point < MAX_NINES * POINTS_PER_NINE; point++) {
    const rest = 10 ** (-point / POINTS_PER_NINE)
    if (rest * count <= 1) break
    points.push({ share: 1 - rest, latency: latencies.percentile(1 - rest) })
  }
  return [...points, { share: 1 - 1 / (count + 1), latency: max }]
}
