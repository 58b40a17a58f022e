import { median } from '../measure/statistics.ts'

/** A count, and after how many reloads it was made. */
export interface Point {
  readonly reloads: number
  readonly value: number
}

export interface Growth {
  /** By the reload. */
  readonly slope: number
  /** Half of the points are at most this far from the line. */
  readonly noise: number
  /** It grows by enough for a leak, and keeps growing. */
  readonly isLeak: boolean
}

/** Three in each half. */
export const MIN_POINTS = 6

/** A smaller rise may be something that is opened once, and late. */
const MIN_RISE = 3
/** A smaller multiple of the noise may be noise as well. */
const MIN_NOISE_MULTIPLE = 4
/** Each half of the run must show this share of the whole slope. */
const MIN_SHARE_OF_SLOPE = 0.25

/**
 * Tells a leak from noise, and from something that is only opened late.
 *
 * The line is the Theil-Sen estimator, the median of the slopes between any two points, which a few outliers do not
 * move. A leak rises by more than 3 and by more than the noise, in the first half of the run and in the second.
 *
 * @param points in the order of their reloads; fewer than 6 are never a leak
 */
export function growthOf (points: readonly Point[]): Growth {
  const slope = slopeOf(points)
  const offsets = points.map(({ reloads, value }) => value - slope * reloads)
  const offset = medianOrZero(offsets)
  const noise = medianOrZero(offsets.map((one) => Math.abs(one - offset)))
  const rise = slope * ((points.at(-1)?.reloads ?? 0) - (points[0]?.reloads ?? 0))
  const halves = [points.slice(0, Math.ceil(points.length / 2)), points.slice(Math.floor(points.length / 2))]
  return {
    slope,
    noise,
    isLeak: points.length >= MIN_POINTS && rise > Math.max(MIN_RISE, MIN_NOISE_MULTIPLE * noise) &&
      halves.every((half) => slopeOf(half) >= slope * MIN_SHARE_OF_SLOPE)
  }
}

function slopeOf (points: readonly Point[]): number {
  return medianOrZero(points.flatMap((one, index) => {
    return points.slice(index + 1).map((other) => (other.value - one.value) / (other.reloads - one.reloads))
  }))
}

function medianOrZero (numbers: readonly number[]): number {
  return numbers.length === 0 ? 0 : median(numbers)
}
