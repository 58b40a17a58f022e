/** Between columns, the widest that fits. */
const GAPS = ['  ', ' ']

export interface Column {
  readonly title: string
  readonly align: 'left' | 'right'
}

/** @returns lines of aligned columns, with narrow gaps if the lines would be wider than `width` otherwise */
export function formatTable (
  columns: readonly Column[], rows: ReadonlyArray<readonly string[]>, width: number
): string[] {
  const widthOf = ({ title }: Column, index: number): number =>
    Math.max(title.length, ...rows.map((row) => (row[index] as string).length))
  const widths = columns.map(widthOf)
  const total = widths.reduce((sum, each) => sum + each)
  const gap = GAPS.find((gap) => total + gap.length * (columns.length - 1) <= width) ?? ' '
  return [columns.map(({ title }) => title), ...rows].map((row) => row
    .map((cell, index) => {
      const width = widths[index] as number
      return columns[index]?.align === 'left' ? cell.padEnd(width) : cell.padStart(width)
    })
    .join(gap)
    .trimEnd())
}

/** @returns a text of at most `width`; its middle is left out, because the ends of a path say most */
export function shorten (text: string, width: number): string {
  if (text.length <= width) return text
  const head = Math.floor((width - 1) / 3)
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`
}
