import {
  fixed, flag, integer, limit, MAX_TIMER, milliseconds, millisecondsOrZero, oneOf, optionalInteger, optionalOneOf,
  optionalText, orWord, refused, reloadable, text, type SettingRow
} from './setting-kinds.ts'

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
const SCHEDULINGS = ['round-robin', 'shared'] as const
const TLS_VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const
const HOST_PATTERN = '^[^\\s/]+$'
const A_PORT = { type: 'integer', minimum: 1, maximum: 65535 }
const A_PORT_OR_ZERO = { type: 'integer', minimum: 0, maximum: 65535 }
const FROM_ONE = { type: 'integer', minimum: 1 }

const LISTENING = {
  HOST: fixed(text('127.0.0.1', HOST_PATTERN, 'an IP address or a host name'), 'Address to listen on.'),
  PORT: fixed(integer(3000, 0, 65535), 'Port to listen on. `0` picks a free port and logs it.'),
  LISTEN_SOCKET: fixed(
    optionalText('the path of a socket'),
    'UNIX socket to listen on instead of a port: at most 107 bytes, relative to the start directory. ' +
    'A file that a killed primary left there is replaced.'
  ),
  LISTEN_MODE: fixed(
    text('0660', '^0?[0-7]{3}$', 'permissions in octal, such as 0660'),
    'Permissions of the file of `LISTEN_SOCKET`.'
  ),
  SLOT_PORT_BASE: fixed(
    limit('off', A_PORT, 'an integer from 1 to 65535'),
    'The worker of slot n also listens on this port plus n of `HOST`, for [sticky sessions](../deploy/nginx/README.md).'
  ),
  SCHEDULING: fixed(
    optionalOneOf(SCHEDULINGS, '`round-robin`; `shared` on a socket of systemd'),
    '`round-robin`: the primary hands out connections in turn. `shared`: the workers accept connections themselves, ' +
    'which allows twice as many new connections a second and spreads them unevenly.'
  ),
  KEEP_ALIVE_TIMEOUT_MS: reloadable(
    milliseconds(72_000, 1),
    'How long an idle connection stays open. `options.keepAliveTimeout` of the application takes precedence.'
  )
}

const APPLICATION = {
  APP: reloadable(
    optionalText('the path of the application\'s file', 'the built-in example'),
    'File of the application. An argument on the command line takes precedence.'
  ),
  ENV_FILE: fixed(
    optionalText('the path of a file', '`.env`, if it exists'),
    'File of variables, relative to the start directory. Each reload reads it again, for the settings and for ' +
    'the application.'
  ),
  HEALTH_PREFIX: reloadable(
    text('/health', '^(/[A-Za-z0-9._~-]+)*$', 'a path such as /health without a slash at its end, or empty'),
    'Prefix of the health routes. An empty value turns them off.'
  ),
  WORKER_HEADER: reloadable(flag(false), 'Adds `x-baton-worker: <slot>/<generation>/<pid>` to every answer.')
}

const TLS = {
  TLS_CERT_FILE: reloadable(
    optionalText('the path of a file'),
    'Certificate in PEM, with its chain; set it together with `TLS_KEY_FILE`. Each reload reads both files again ' +
    '([tls.md](tls.md)), but a reload that turns TLS on or off is refused.'
  ),
  TLS_KEY_FILE: reloadable(optionalText('the path of a file'), 'Key of the certificate in PEM, without a passphrase.'),
  TLS_MIN_VERSION: reloadable(oneOf(TLS_VERSIONS, 'TLSv1.2'), 'Oldest version of TLS that clients may use.'),
  HTTP2: refused(flag(false), 'Over TLS: HTTP/2 for clients that ask for it, HTTP/1.1 for all others.')
}

const WORKERS = {
  WORKERS: reloadable(
    orWord('auto', { type: 'integer', minimum: 1, maximum: 1024 }, 'auto', '"auto" or an integer from 1 to 1024'),
    'Number of workers. `auto`: one for each CPU, but at most the CPU quota of the cgroup, rounded up.'
  ),
  START_TIMEOUT_MS: reloadable(milliseconds(30_000, 1), 'Time from the fork of a worker until it must be ready.'),
  HEARTBEAT_TIMEOUT_MS: reloadable(
    millisecondsOrZero(30_000, 3_000),
    'A worker whose event loop is silent for this long is killed and replaced. `0` turns this off.'
  ),
  MAX_RESTARTS: reloadable(
    integer(5, 0, 1000),
    'After more crashes than this within `RESTART_WINDOW_MS`, restarts are delayed.'
  ),
  RESTART_WINDOW_MS: reloadable(milliseconds(60_000, 1), 'Time in which crashes are counted for `MAX_RESTARTS`.'),
  GIVE_UP_MS: reloadable(
    milliseconds(60_000, 1),
    'When no worker has been ready for this long, the program exits with code 4.'
  ),
  MAX_WORKER_RSS_BYTES: reloadable(
    limit('off', FROM_ONE, 'an integer of bytes from 1'),
    'A worker that uses more resident memory than this is replaced, then drained.'
  ),
  MAX_WORKER_REQUESTS: reloadable(
    limit('off', FROM_ONE, 'an integer from 1'),
    'A worker that has served this many requests is replaced, then drained.'
  ),
  MAX_WORKER_AGE_MS: reloadable(
    limit('off', { type: 'integer', minimum: 1000 }, 'an integer of milliseconds from 1000'),
    'A worker of this age is replaced, then drained.'
  )
}

const RELOADS = {
  CANARY_MS: reloadable(
    milliseconds(1_000, 0),
    'How long the first replacement of a reload is watched before any other worker is replaced. `0` turns this off.'
  ),
  MAX_SURGE: reloadable(
    integer(1, 0, 1024),
    'Workers that may exist above `WORKERS` during a reload, at most `WORKERS`. `0` drains each worker before its ' +
    'replacement starts, which takes less memory, lowers the capacity, and requires two workers.'
  ),
  MAX_DRAINING: reloadable(
    optionalInteger(1, 4096, 'twice the workers'),
    'While this many workers are draining, the next step of a reload waits.'
  ),
  DRAIN_TIMEOUT_MS: reloadable(
    milliseconds(80_000, 1),
    'On a reload, time from the start of a worker\'s drain to SIGKILL. Keep it above `KEEP_ALIVE_TIMEOUT_MS`.'
  )
}

const STOP = {
  STOP_TIMEOUT_MS: reloadable(
    milliseconds(8_000, 1),
    'On a stop, time for all workers together to finish. Keep it below the 10 s after which Docker kills.'
  ),
  STOP_IDLE_MS: reloadable(
    milliseconds(1_000, 0),
    'On a stop, a connection is closed after it has been idle for this long.'
  ),
  STOP_DELAY_MS: reloadable(
    milliseconds(0, 0),
    'On SIGTERM, requests are still served for this long while `/health/ready` answers 503, so that a load balancer ' +
    'can stop sending them.'
  )
}

const LOAD_SHEDDING = {
  MAX_EVENT_LOOP_DELAY_MS: reloadable(
    limit(
      1000, { type: 'integer', minimum: 1, maximum: MAX_TIMER }, `an integer of milliseconds from 1 to ${MAX_TIMER}`
    ),
    'While the delay of the event loop stays above this for more than a second, requests get 503 with `Retry-After`.'
  ),
  MAX_EVENT_LOOP_UTILIZATION: reloadable(
    limit('off', { type: 'number', exclusiveMinimum: 0, maximum: 1 }, 'a number above 0, up to 1'),
    'The same for the utilization of the event loop.'
  ),
  MAX_HEAP_USED_BYTES: reloadable(limit('off', FROM_ONE, 'an integer of bytes from 1'), 'The same for the used heap.'),
  MAX_RSS_BYTES: reloadable(limit('off', FROM_ONE, 'an integer of bytes from 1'), 'The same for the resident memory.')
}

const LOG = {
  LOG_LEVEL: reloadable(oneOf(LOG_LEVELS, 'info'), 'Least severe lines that are logged.'),
  LOG_REQUESTS: reloadable(flag(false), 'Logs two lines for each request. Errors are always logged.'),
  LOG_FILE: fixed(
    optionalText('the path of a file'),
    'File that the log is appended to, instead of standard output. `SIGUSR2` reopens it.'
  )
}

const OPERATION = {
  CONTROL_SOCKET: fixed(
    optionalText(
      'the path of a socket, or "off"',
      '`baton-<port>.sock` in `$RUNTIME_DIRECTORY`, `$XDG_RUNTIME_DIR` or `/tmp/baton-<uid>`'
    ),
    'Socket on which the command `baton` reaches the service. `off` for none.'
  ),
  METRICS_PORT: fixed(
    limit('off', A_PORT_OR_ZERO, 'an integer from 0 to 65535'),
    'Port on which the primary serves `/metrics`, `/status` and `/health/*`, read-only ([metrics.md](metrics.md)). ' +
    '`0` picks a free port and logs it.'
  ),
  METRICS_HOST: fixed(text('127.0.0.1', HOST_PATTERN, 'an IP address or a host name'), 'Address of `METRICS_PORT`.'),
  PID_FILE: fixed(
    optionalText('the path of a file'),
    'File with the process id of the primary: written when the service is ready, removed at the exit.'
  )
}

/** The settings by subject, as docs/settings.md lists them. */
export const SETTING_GROUPS = {
  Listening: LISTENING,
  Application: APPLICATION,
  TLS,
  Workers: WORKERS,
  Reloads: RELOADS,
  Stop: STOP,
  'Load shedding': LOAD_SHEDDING,
  Log: LOG,
  Operation: OPERATION
}

export const SETTINGS = {
  ...LISTENING,
  ...APPLICATION,
  ...TLS,
  ...WORKERS,
  ...RELOADS,
  ...STOP,
  ...LOAD_SHEDDING,
  ...LOG,
  ...OPERATION
}

export type LogLevel = typeof LOG_LEVELS[number]
export type Scheduling = typeof SCHEDULINGS[number]
export type TlsVersion = typeof TLS_VERSIONS[number]
export type SettingName = keyof typeof SETTINGS
export type Settings = {
  readonly [Name in SettingName]: typeof SETTINGS[Name] extends SettingRow<infer Value> ? Value : never
}

/** @returns whether a reload keeps the value that the setting had at the start */
export function isFixed (name: string): boolean {
  return Object.hasOwn(SETTINGS, name) && SETTINGS[name as SettingName].onReload === 'fixed'
}
