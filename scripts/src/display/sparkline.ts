const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const

/**
 * @param width how many of the last values are drawn
 * @returns a bar for each value, relative to the highest
 */
export function sparkline (values: readonly number[], width: number): string {
  const shown = values.slice(-Math.max(0, width) || values.length)
  const highest = Math.max(...shown, Number.MIN_VALUE)
  return width <= 0 ? '' : shown.map((value) => BARS[Math.round(value / highest * (BARS.length - 1))]).join('')
}
