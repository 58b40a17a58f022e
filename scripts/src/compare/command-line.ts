import { DEFAULT_CONNECTIONS } from '../clients/client-mix.ts'
import { parseInteger, parseNames, parseNumber, parseOptions } from '../command/options.ts'
import type { RoundSettings } from './round.ts'

export interface CompareCommandLine extends RoundSettings {
  /** Keys of the peers. */
  readonly peers: readonly string[]
  readonly rounds: number
  readonly wantsHelp: boolean
}

/** @param keys of all peers */
export function usage (keys: readonly string[]): string {
  return `Usage: npm run compare -- [options]

Runs the clients of the load test against the same application behind Baton and behind others, in turns,
while each of them reloads; prints Markdown. Missing packages are installed into scripts/build/peers.

  --only <peers>          some of ${keys.join(', ')}; separated by commas (all)
  --rounds <number>       how often each is measured (3)
  --duration <seconds>    how long one measurement takes (20)
  --reloads <number>      how many reloads in that time (5)
  --connections <number>  how many clients in total (${DEFAULT_CONNECTIONS})
  --workers <number>      how many workers each has (2)
  --quick                 1 round of 6 s with 2 reloads: to try it, not for figures
  --help                  print this help
`
}

const OPTIONS = {
  only: { type: 'string' },
  rounds: { type: 'string' },
  duration: { type: 'string' },
  reloads: { type: 'string' },
  connections: { type: 'string', default: String(DEFAULT_CONNECTIONS) },
  workers: { type: 'string', default: '2' },
  quick: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false }
} as const

/**
 * @param keys of all peers
 * @throws UsageError
 */
export function parseCompare (args: readonly string[], keys: readonly string[]): CompareCommandLine {
  const { only, rounds, duration, reloads, connections, workers, quick, help } = parseOptions(args, OPTIONS)
  return {
    peers: parseNames('--only', only, keys),
    rounds: parseInteger('--rounds', rounds ?? (quick ? '1' : '3'), 1, 100),
    duration: parseNumber('--duration', duration ?? (quick ? '6' : '20'), 1, 3600) * 1000,
    reloads: parseInteger('--reloads', reloads ?? (quick ? '2' : '5'), 1, 1000),
    connections: parseInteger('--connections', connections, 1, 5000),
    workers: parseInteger('--workers', workers, 2, 64),
    wantsHelp: help
  }
}
