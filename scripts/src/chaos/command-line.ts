import { parseOptions } from '../command/command.ts'
import { parseInteger, parseNumber } from '../load-test/command-line.ts'
import { LARGEST_SEED } from './random.ts'

/** Durations in milliseconds. */
export interface CommandLine {
  readonly duration: number
  /** Undefined to draw one. */
  readonly seed: number | undefined
  readonly connections: number
  readonly timeout: number
  /** What to start instead of the service that was built here. */
  readonly program: string | undefined
  /** Where the service's log goes, line by line. */
  readonly log: string | undefined
  readonly wantsHelp: boolean
}

const DEFAULT_CONNECTIONS = 60

export const USAGE = `Usage: npm run chaos -- [options]

Loads the service with every kind of client while a random hand reloads it, deploys good and broken
releases, kills its workers and scales it; exits 1 when a request fails that no dead worker excuses.

  --duration <seconds>    how long (120)
  --seed <number>         repeats the moves of an earlier run; they meet other moments, though
  --connections <number>  how many clients together, one of each kind at least (${DEFAULT_CONNECTIONS})
  --timeout <seconds>     how long one request may take (25); the drain timeout is four fifths of it
  --program <file>        start this instead of dist/main.js
  --log <file>            keep the service's log
  --help                  print this
`

const OPTIONS = {
  duration: { type: 'string', default: '120' },
  seed: { type: 'string' },
  connections: { type: 'string', default: String(DEFAULT_CONNECTIONS) },
  timeout: { type: 'string', default: '25' },
  program: { type: 'string' },
  log: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false }
} as const

/** @throws UsageError */
export function parseCommandLine (args: readonly string[]): CommandLine {
  const { duration, seed, connections, timeout, program, log, help } = parseOptions(args, OPTIONS)
  return {
    duration: parseNumber('--duration', duration, 0.1, 3600) * 1000,
    seed: seed === undefined ? undefined : parseInteger('--seed', seed, 0, LARGEST_SEED),
    connections: parseInteger('--connections', connections, 1, 5000),
    timeout: parseNumber('--timeout', timeout, 2, 600) * 1000,
    program,
    log,
    wantsHelp: help
  }
}
