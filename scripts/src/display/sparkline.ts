const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const

/**
 * @param width so many of the last values are drawn
 * @returns a bar for each value, the highest as high as it goes, 0 as low
 */
export function sparkline (values: readonly number[], width: number): string {
  const shown = values.slice(-Math.max(0, width) || values.length)
  const highest = Math.max(...shown, Number.MIN_VALUE)
  return width <= 0 ? '' : shown.map((value) => BARS[Math.round(value / highest * (BARS.length - 1))]).join('')
}
