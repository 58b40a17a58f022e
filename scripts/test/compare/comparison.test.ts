import t from 'tap'

import { formatComparison, formatFailures, type Result } from '../../src/compare/comparison.ts'
import type { Round } from '../../src/compare/round.ts'
import { formatMarkdownTable } from '../../src/display/markdown-table.ts'

const ROUND: Round = {
  requests: 1000,
  failures: 0,
  reloads: 5,
  reloadDurations: [300, 500],
  p99Outside: 3.14159,
  p99Inside: 10,
  rateOutside: 12_345.6,
  rateInside: 6000,
  oldShare: 0.25,
  peakMemory: 200 * 2 ** 20,
  generatorShare: 0.5,
  problem: undefined
}
const RESULT: Result = { name: 'One', versions: 'one 1.0', configuration: 'With defaults.', rounds: [ROUND], problem: undefined }

function rowOf (rounds: readonly Round[]): string[] {
  const row = formatComparison([{ ...RESULT, rounds }]).split('\n')[2] ?? ''
  return row.split('|').slice(1, -1).map((cell) => cell.trim())
}

await t.test('the table has a row for each peer, and the configuration of each follows', async (t) => {
  const text = formatComparison([RESULT, { ...RESULT, name: 'Two', configuration: 'In another way.' }])

  t.match(text, /^\| {5,}\| failed requests per reload \| +reload ms \|/)
  t.match(text, /\n\| One +\|.*\n\| Two +\|/)
  t.match(text, /\n### One \(one 1\.0\)\n\nWith defaults\.\n\n### Two \(one 1\.0\)\n\nIn another way\.$/)
  t.match(text, /The clients used 50\.0 % of one CPU\./)
})

await t.test('a row has failures per reload, and medians over the rounds', async (t) => {
  t.strictSame(rowOf([ROUND, { ...ROUND, failures: 10, reloadDurations: [700], p99Outside: 9.5, rateInside: 8000 }, { ...ROUND, p99Inside: 30 }]), [
    'One', '0 (0-2.0)', '500 (300-700)', '3.14', '10.0', '12,346', '6,000', '25.0 %', '200'
  ])
})

await t.test('a round in which no reload completed has no figures for reloads', async (t) => {
  t.strictSame(rowOf([{ ...ROUND, reloads: 0, reloadDurations: [], p99Inside: NaN, rateInside: NaN }]), [
    'One', '-', '-', '3.14', '-', '12,346', '-', '25.0 %', '200'
  ])
})

await t.test('a peer that was not measured is missing in the table, and listed with the reason', async (t) => {
  const text = formatComparison([RESULT, { ...RESULT, name: 'Two', rounds: [], problem: 'two is not installed' }])

  t.notMatch(text, /\| Two/)
  t.notMatch(text, /### Two/)
  t.match(text, /\n- Two: two is not installed\n/)
})

await t.test('a table without peers is a table', async (t) => {
  t.match(formatComparison([]), /^\| {5,}\| failed[^\n]*\n\| ---[^\n]*\n\n/)
})

const FAILURES: ReadonlyArray<readonly [failures: number, expected: string]> = [
  [0, '0'], [0.02, '0.02'], [0.2, '0.2'], [9.96, '10.0'], [88, '88'], [1234.5, '1,235']
]

for (const [failures, expected] of FAILURES) {
  await t.test(`${failures} failed requests per reload are written as ${expected}`, async (t) => {
    t.equal(formatFailures(failures), expected)
  })
}

await t.test('the columns of a Markdown table are aligned, and a bar in a cell is escaped', async (t) => {
  t.strictSame(formatMarkdownTable(['', 'b'], [['a|b', '1'], ['c', '1,000']]), [
    '|      |     b |',
    '| ---- | ----: |',
    '| a\\|b |     1 |',
    '| c    | 1,000 |'
  ])
})
