import { DEFAULT_CONNECTIONS } from '../clients/client-mix.ts'
import { UsageError } from '../command/command-error.ts'
import { parseFile, parseInteger, parseNumber, parseOptions } from '../command/options.ts'

/** Durations in milliseconds. */
export interface CommandLine {
  readonly duration: number
  readonly reloads: number
  readonly connections: number
  /** Requests a second of the open model; undefined for the closed model. */
  readonly rate: number | undefined
  readonly timeout: number
  readonly reloadTimeout: number
  /** The service to load; undefined to start one. */
  readonly url: URL | undefined
  /** The primary of the service at the URL; undefined when it should not reload. */
  readonly pid: number | undefined
  /** The program to start instead of the service that was built here. */
  readonly program: string | undefined
  /** The file for the page of the run; undefined for none. */
  readonly report: string | undefined
  /** The file for the record of the run; `STDOUT` for the standard output; undefined for none. */
  readonly json: string | undefined
  readonly wantsHelp: boolean
}

/** Means the standard output where a file is expected. */
export const STDOUT = '-'

export const USAGE = `Usage: npm run load-test -- [options]

Loads the service with every kind of client while it reloads; exits 1 when a single request fails.
Without --url it starts the service that was built here, with the current environment.

  --duration <seconds>        how long (20)
  --reloads <number>          how many reloads (SIGHUP) in that time (5)
  --connections <number>      how many clients in total, at least one of each kind (${DEFAULT_CONNECTIONS})
  --rate <number>             replace the quick clients by this many requests a second (open model)
  --timeout <seconds>         how long one request may take (30)
  --reload-timeout <seconds>  how long one reload may take (60)
  --url <url>                 load a running service, on a loopback address
  --pid <pid>                 primary of the service at --url; not needed with --reloads 0
  --program <file>            start this file instead of dist/main.js
  --report <file>             write the run as a page with charts, which opens offline
  --json [file]               write the run as JSON; without a file to stdout, and everything else to stderr
  --help                      print this help
`

const OPTIONS = {
  duration: { type: 'string', default: '20' },
  reloads: { type: 'string', default: '5' },
  connections: { type: 'string', default: String(DEFAULT_CONNECTIONS) },
  rate: { type: 'string' },
  timeout: { type: 'string', default: '30' },
  'reload-timeout': { type: 'string', default: '60' },
  url: { type: 'string' },
  pid: { type: 'string' },
  program: { type: 'string' },
  report: { type: 'string' },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false }
} as const

/** @throws UsageError */
export function parseCommandLine (args: readonly string[]): CommandLine {
  const values = parseOptions(args.map(nameStdout), OPTIONS)
  const url = values.url === undefined ? undefined : parseUrl(values.url)
  const pid = values.pid === undefined ? undefined : parseInteger('--pid', values.pid, 2, 4_194_304)
  const reloads = parseInteger('--reloads', values.reloads, 0, 1000)

  if (pid !== undefined && url === undefined) throw new UsageError('--pid needs --url: without it the load test starts the service')
  if (values.program !== undefined && url !== undefined) throw new UsageError('--program and --url cannot be combined')
  if (url !== undefined && pid === undefined && reloads > 0) {
    throw new UsageError('--url needs --pid, to send SIGHUP to, or --reloads 0')
  }
  return {
    duration: parseNumber('--duration', values.duration, 0.1, 3600) * 1000,
    reloads,
    connections: parseInteger('--connections', values.connections, 1, 5000),
    rate: values.rate === undefined ? undefined : parseNumber('--rate', values.rate, 0.1, 100_000),
    timeout: parseNumber('--timeout', values.timeout, 0.1, 600) * 1000,
    reloadTimeout: parseNumber('--reload-timeout', values['reload-timeout'], 0.1, 600) * 1000,
    url,
    pid,
    program: values.program,
    report: parseFile('--report', values.report),
    json: parseFile('--json', values.json),
    wantsHelp: values.help
  }
}

/** `parseArgs()` has no options whose value is optional. */
function nameStdout (arg: string, index: number, args: readonly string[]): string {
  const next = args[index + 1]
  return arg === '--json' && (next === undefined || next.startsWith('--')) ? `--json=${STDOUT}` : arg
}

function parseUrl (text: string): URL {
  if (!URL.canParse(text)) throw new UsageError(`--url is ${JSON.stringify(text)}: it must be a URL such as http://127.0.0.1:3000`)
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new UsageError(`--url is ${text}: it must start with http: or https:`)
  if (url.pathname !== '/' || url.search !== '' || url.username !== '') {
    throw new UsageError(`--url is ${text}: it must be an origin, without a path`)
  }
  return url
}
