/** Between columns: as much as fits. */
const GAPS = ['  ', ' ']

export interface Column {
  readonly title: string
  readonly align: 'left' | 'right'
}

/** @returns lines of aligned columns, with narrower gaps when they would be wider than `width` */
export function formatTable (columns: readonly Column[], rows: ReadonlyArray<readonly string[]>, width: number): string[] {
  const widths = columns.map(({ title }, index) => Math.max(title.length, ...rows.map((row) => (row[index] as string).length)))
  const total = widths.reduce((sum, each) => sum + each)
  const gap = GAPS.find((gap) => total + gap.length * (columns.length - 1) <= width) ?? ' '
  return [columns.map(({ title }) => title), ...rows].map((row) => row
    .map((cell, index) => columns[index]?.align === 'left' ? cell.padEnd(widths[index] as number) : cell.padStart(widths[index] as number))
    .join(gap)
    .trimEnd())
}

/** @returns the text with its middle left out where it is longer: the ends of a path say most */
export function shorten (text: string, width: number): string {
  if (text.length <= width) return text
  const head = Math.floor((width - 1) / 3)
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`
}
