/** Maps a value of a range to a place between two others. */
export type Scale = (value: number) => number

type Pair = readonly [from: number, to: number]

export function linear ([low, high]: Pair, [from, to]: Pair): Scale {
  return (value) => from + (value - low) / (high - low) * (to - from)
}

/** For values above 0. */
export function logarithmic ([low, high]: Pair, places: Pair): Scale {
  const scale = linear([Math.log10(low), Math.log10(high)], places)
  return (value) => scale(Math.log10(Math.max(value, low)))
}

/** @returns about four round numbers from 0, the last one at the limit or above */
export function ticksUpTo (limit: number): number[] {
  const rough = Math.max(limit, 1) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 2.5, 5].find((factor) => factor * power >= rough) ?? 10)
  return Array.from({ length: Math.ceil(Math.max(limit, 1) / step) + 1 }, (_, index) => index * step)
}

/** @returns the powers of ten from the one below the lowest to the one above the highest, at least two */
export function decades (low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low))
  const last = Math.max(Math.ceil(Math.log10(high)), first + 1)
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index))
}
