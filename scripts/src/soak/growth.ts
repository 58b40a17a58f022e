/** What was counted after so many reloads. */
export interface Point {
  readonly reloads: number
  readonly value: number
}

export interface Growth {
  /** A reload. */
  readonly slope: number
  /** How far half of the points are off the line, at most. */
  readonly noise: number
  /** It is as much as a leak, and goes on as one. */
  readonly isLeak: boolean
}

/** Three in each half. */
export const LEAST_POINTS = 6

/** What is opened once, and late. */
const TOLERANCE = 3
/** A rise that so many times the noise could make is none. */
const NOISES = 4
/** Of the whole slope: what each half has to show of a leak. */
const SHARE = 0.25

/**
 * Tells a leak from noise, and from what only comes late.
 *
 * The line is Theil's and Sen's, the median of the slopes between any two points, which some points that are far off
 * do not move. A leak rises by more than 3 and by more than the noise, in the first half of the run and in the second.
 *
 * @param points in the order of their reloads; fewer than 6 are never a leak
 */
export function growthOf (points: readonly Point[]): Growth {
  const slope = slopeOf(points)
  const offsets = points.map(({ reloads, value }) => value - slope * reloads)
  const offset = median(offsets)
  const noise = median(offsets.map((one) => Math.abs(one - offset)))
  const rise = slope * ((points.at(-1)?.reloads ?? 0) - (points[0]?.reloads ?? 0))
  const halves = [points.slice(0, Math.ceil(points.length / 2)), points.slice(Math.floor(points.length / 2))]
  return {
    slope,
    noise,
    isLeak: points.length >= LEAST_POINTS && rise > Math.max(TOLERANCE, NOISES * noise) &&
      halves.every((half) => slopeOf(half) >= slope * SHARE)
  }
}

function slopeOf (points: readonly Point[]): number {
  return median(points.flatMap((one, index) => {
    return points.slice(index + 1).map((other) => (other.value - one.value) / (other.reloads - one.reloads))
  }))
}

/** @returns the middle one, or what is between the two in the middle; 0 of none */
function median (numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other)
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0
  return (lower + upper) / 2
}
