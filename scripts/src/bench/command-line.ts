import { parseInteger, parseNames, parseNumber, parseOptions } from '../command/options.ts'

export interface BenchCommandLine {
  /** Names of the parts, in their order. */
  readonly parts: readonly string[]
  readonly rounds: number
  /** Milliseconds. */
  readonly duration: number
  readonly idleConnections: number
  readonly wantsHelp: boolean
}

/** @param names of all parts */
export function usage (names: readonly string[]): string {
  return `Usage: npm run bench -- [options]

Measures what Baton costs, each figure as a ratio of two things that are measured in turns, and prints
Markdown. It never fails because of a figure, because the load generator needs a CPU too.

  --only <parts>         some of ${names.join(', ')}; separated by commas (all)
  --rounds <number>      how often each side is measured (7)
  --duration <seconds>   how long one measurement under load takes (4)
  --connections <number> how many are idle during a reload (10000)
  --quick                2 rounds of 1 s and 1000 idle connections: to try it, not for figures
  --help                 print this help
`
}

const OPTIONS = {
  only: { type: 'string' },
  rounds: { type: 'string' },
  duration: { type: 'string' },
  connections: { type: 'string' },
  quick: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false }
} as const

/**
 * @param names of all parts
 * @throws UsageError
 */
export function parseBench (args: readonly string[], names: readonly string[]): BenchCommandLine {
  const { only, rounds, duration, connections, quick, help } = parseOptions(args, OPTIONS)
  return {
    parts: parseNames('--only', only, names),
    rounds: parseInteger('--rounds', rounds ?? (quick ? '2' : '7'), 1, 100),
    duration: parseNumber('--duration', duration ?? (quick ? '1' : '4'), 0.1, 600) * 1000,
    idleConnections: parseInteger('--connections', connections ?? (quick ? '1000' : '10000'), 1, 1_000_000),
    wantsHelp: help
  }
}
