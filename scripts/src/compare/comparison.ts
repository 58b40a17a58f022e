import { formatMarkdownTable } from '../display/markdown-table.ts'
import { formatCount, formatFigure, formatMegabytes, formatPercent } from '../display/number-format.ts'
import { median, spreadOf } from '../measure/statistics.ts'
import type { Round } from './round.ts'

/** The result of one peer after all rounds. */
export interface Result {
  readonly name: string
  readonly versions: string
  readonly configuration: string
  readonly rounds: readonly Round[]
  /** Why there are no rounds, or fewer. */
  readonly problem: string | undefined
}

const HEADER = [
  '', 'failed requests per reload', 'reload ms', 'p99 ms outside', 'p99 ms inside', 'requests/s outside', 'requests/s inside', 'answers of old workers', 'peak memory MB'
]

/** @returns the table, what it means, and how each peer is configured, in Markdown */
export function formatComparison (results: readonly Result[]): string {
  const measured = results.filter(({ rounds }) => rounds.length > 0)
  const problems = results.flatMap(({ name, problem }) => problem === undefined ? [] : [`- ${name}: ${problem}`])
  const share = median(measured.flatMap(({ rounds }) => rounds.map(({ generatorShare }) => generatorShare)))
  return [
    ...formatMarkdownTable(HEADER, measured.map(formatResult)), '',
    'Medians of the rounds; failed requests and reloads with the lowest and the highest. A reload lasts from the command until the last new worker has',
    'answered. p99 and requests a second are those of `GET /`, during reloads and otherwise. Answers of old workers are those after the end of a reload,',
    'as a share of all answers then. Memory is that of all processes, with shared pages counted once.',
    ...(Number.isNaN(share) ? [] : [`The clients used ${formatPercent(share)} of one CPU.`]),
    ...(problems.length === 0 ? [] : ['', 'Not measured, or in fewer rounds:', '', ...problems]),
    ...measured.flatMap(({ name, versions, configuration }) => ['', `### ${name} (${versions})`, '', configuration])
  ].join('\n')
}

function formatResult ({ name, rounds }: Result): string[] {
  const middle = (pick: (round: Round) => number): number => median(rounds.map(pick).filter((value) => !Number.isNaN(value)))
  return [
    name,
    formatRange(rounds.filter(({ reloads }) => reloads > 0).map(({ failures, reloads }) => failures / reloads), formatFailures),
    formatRange(rounds.flatMap(({ reloadDurations }) => reloadDurations), formatCount),
    formatFigure(middle(({ p99Outside }) => p99Outside)),
    formatFigure(middle(({ p99Inside }) => p99Inside)),
    formatCount(middle(({ rateOutside }) => rateOutside)),
    formatCount(middle(({ rateInside }) => rateInside)),
    formatShare(middle(({ oldShare }) => oldShare)),
    formatMegabytes(middle(({ peakMemory }) => peakMemory))
  ]
}

function formatRange (values: readonly number[], format: (value: number) => string): string {
  const { median, low, high } = spreadOf(values)
  if (Number.isNaN(median)) return '-'
  return format(low) === format(high) ? format(median) : `${format(median)} (${format(low)}-${format(high)})`
}

function formatShare (share: number): string {
  return share > 0 && share < 0.001 ? '< 0.1 %' : formatPercent(share)
}

/** Rounds nothing down to 0. */
export function formatFailures (failures: number): string {
  if (failures === 0) return '0'
  return failures < 10 ? failures.toFixed(failures < 0.1 ? 2 : 1) : formatCount(failures)
}
