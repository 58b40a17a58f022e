import { parseInteger, parseNumber, parseOptions } from '../command/options.ts'
import { MIN_POINTS } from './growth.ts'

/** Durations in milliseconds. */
export interface CommandLine {
  readonly reloads: number
  /** How many reloads there are between two samples. */
  readonly every: number
  readonly connections: number
  readonly timeout: number
  /** The program to start instead of the service that was built here. */
  readonly program: string | undefined
  readonly wantsHelp: boolean
}

const DEFAULT_SAMPLES = 10
const DEFAULT_CONNECTIONS = 16

export const USAGE = `Usage: npm run soak -- [options]

Reloads the service again and again under moderate load. Exits 1 when a request fails, when a reload does
not complete, or when the primary leaks descriptors, threads, handles or timers. Needs Linux.

  --reloads <number>      how many, at least ${MIN_POINTS} (1000)
  --every <number>        reloads between two counts of what the primary holds (a tenth of --reloads)
  --connections <number>  how many clients in total, at least one of each kind (${DEFAULT_CONNECTIONS})
  --timeout <seconds>     how long one request may take (30)
  --program <file>        start this file instead of dist/main.js
  --help                  print this help
`

const OPTIONS = {
  reloads: { type: 'string', default: '1000' },
  every: { type: 'string' },
  connections: { type: 'string', default: String(DEFAULT_CONNECTIONS) },
  timeout: { type: 'string', default: '30' },
  program: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false }
} as const

/** @throws UsageError */
export function parseCommandLine (args: readonly string[]): CommandLine {
  const values = parseOptions(args, OPTIONS)
  const reloads = parseInteger('--reloads', values.reloads, MIN_POINTS, 100_000)
  return {
    reloads,
    every: values.every === undefined
      ? Math.max(1, Math.floor(reloads / DEFAULT_SAMPLES))
      : parseInteger('--every', values.every, 1, Math.floor(reloads / MIN_POINTS)),
    connections: parseInteger('--connections', values.connections, 1, 1000),
    timeout: parseNumber('--timeout', values.timeout, 1, 600) * 1000,
    program: values.program,
    wantsHelp: values.help
  }
}
