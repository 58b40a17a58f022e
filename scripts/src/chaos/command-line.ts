import { parseInteger, parseNumber, parseOptions } from '../command/options.ts'
import { LARGEST_SEED } from './random.ts'

/** Durations in milliseconds. */
export interface CommandLine {
  readonly duration: number
  /** Undefined for a random one. */
  readonly seed: number | undefined
  readonly connections: number
  readonly timeout: number
  /** The program to start instead of the service that was built here. */
  readonly program: string | undefined
  /** The file for the log of the service. */
  readonly log: string | undefined
  readonly wantsHelp: boolean
}

const DEFAULT_CONNECTIONS = 60

export const USAGE = `Usage: npm run chaos -- [options]

Loads the service with every kind of client while a chaos monkey reloads it, deploys good and broken
releases, kills its workers and scales it. Exits 1 when a request fails for any reason other than the
death of its worker.

  --duration <seconds>    how long (120)
  --seed <number>         repeat the moves of an earlier run (their timing still differs)
  --connections <number>  how many clients in total, at least one of each kind (${DEFAULT_CONNECTIONS})
  --timeout <seconds>     how long one request may take (25); the drain timeout is 80 % of it
  --program <file>        start this file instead of dist/main.js
  --log <file>            write the log of the service to this file
  --help                  print this help
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
