/** @returns lines with aligned columns: the first column to the left, the others to the right */
export function formatTable (header: readonly string[], rows: ReadonlyArray<readonly string[]>): string[] {
  const widths = header.map((title, column) => {
    return Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0))
  })
  return [header, ...rows].map((row) => widths.map((width, column) => {
    const cell = row[column] ?? ''
    return column === 0 ? cell.padEnd(width) : cell.padStart(width)
  }).join('  ').trimEnd())
}
