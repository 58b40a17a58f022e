import type { Latencies } from './latencies.ts'

/** A share of the requests (`share`, of 1) took at most this long (`latency`, milliseconds). */
export interface DistributionPoint {
  readonly share: number
  readonly latency: number
}

/** From 0 % to 90 %, from 90 % to 99 % and so on. */
const POINTS_PER_NINE = 8
const MAX_NINES = 7

/**
 * The latency at 0 %, 90 %, 99 %, 99.9 % and points between them, as far as there are enough requests;
 * the last point is the longest latency.
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
