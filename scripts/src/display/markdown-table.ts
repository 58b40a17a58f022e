/**
 * @returns the lines of a Markdown table, with columns that are aligned in the source too: the first to
 * the left, the others to the right
 */
export function formatMarkdownTable (header: readonly string[], rows: ReadonlyArray<readonly string[]>): string[] {
  const cells = [header, ...rows].map((row) => header.map((_, column) => escapeCell(row[column] ?? '')))
  const widths = header.map((_, column) => Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)))
  const [head = [], ...body] = cells.map((row) => row.map((cell, column) => {
    const width = widths[column] ?? 0
    return column === 0 ? cell.padEnd(width) : cell.padStart(width)
  }))
  const rule = widths.map((width, column) => column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)
  return [head, rule, ...body].map((row) => `| ${row.join(' | ')} |`)
}

function escapeCell (text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
