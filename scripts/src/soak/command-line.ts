import { parseInteger, parseNumber } from '../load-test/command-line.ts'
import { parseOptions } from '../command/command.ts'
import { LEAST_POINTS } from './growth.ts'

/** Durations in milliseconds. */
export interface CommandLine {
  readonly reloads: number
  /** A sample is taken after so many reloads. */
  readonly every: number
  readonly connections: number
  readonly timeout: number
  /** What to start instead of the service that was built here. */
  readonly program: string | undefined
  readonly wantsHelp: boolean
}

const SAMPLES = 10
const DEFAULT_CONNECTIONS = 16

export const USAGE = `Usage: npm run soak -- [options]

Reloads the service again and again under moderate load; exits 1 when a request fails, a reload does not
complete, or the primary holds more and more descriptors, threads, handles or timers. Needs Linux.

  --reloads <number>      how many, ${LEAST_POINTS} or more (1000)
  --every <number>        count what the primary holds after so many (a tenth of them)
  --connections <number>  how many clients together, one of each kind at least (${DEFAULT_CONNECTIONS})
  --timeout <seconds>     how long one request may take (30)
  --program <file>        start this instead of dist/main.js
  --help                  print this
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
  const reloads = parseInteger('--reloads', values.reloads, LEAST_POINTS, 100_000)
  return {
    reloads,
    every: values.every === undefined
      ? Math.max(1, Math.floor(reloads / SAMPLES))
      : parseInteger('--every', values.every, 1, Math.floor(reloads / LEAST_POINTS)),
    connections: parseInteger('--connections', values.connections, 1, 1000),
    timeout: parseNumber('--timeout', values.timeout, 1, 600) * 1000,
    program: values.program,
    wantsHelp: values.help
  }
}
