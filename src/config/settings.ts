import {
  flag, integer, limit, MAX_TIMER, millisecondsOrZero, milliseconds, oneOf, optionalInteger, optionalOneOf, optionalText, orWord, text, type Setting
} from './setting-kinds.ts'

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
const SCHEDULINGS = ['round-robin', 'shared'] as const
const TLS_VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const
const HOST_PATTERN = '^[^\\s/]+$'

/** The settings table of the README. */
export const SETTINGS = {
  HOST: text('127.0.0.1', HOST_PATTERN, 'an IP address or a host name'),
  PORT: integer(3000, 0, 65535),
  WORKERS: orWord('auto', { type: 'integer', minimum: 1, maximum: 1024 }, 'auto', '"auto" or an integer from 1 to 1024'),
  APP: optionalText('the path of the application\'s file'),
  HEALTH_PREFIX: text('/health', '^(/[A-Za-z0-9._~-]+)*$', 'a path such as /health without a slash at its end, or empty'),
  LOG_LEVEL: oneOf(LOG_LEVELS, 'info'),
  LOG_REQUESTS: flag(false),
  KEEP_ALIVE_TIMEOUT_MS: milliseconds(72_000, 1),
  START_TIMEOUT_MS: milliseconds(30_000, 1),
  DRAIN_TIMEOUT_MS: milliseconds(80_000, 1),
  STOP_TIMEOUT_MS: milliseconds(8_000, 1),
  STOP_IDLE_MS: milliseconds(1_000, 0),
  STOP_DELAY_MS: milliseconds(0, 0),
  CANARY_MS: milliseconds(1_000, 0),
  MAX_SURGE: integer(1, 0, 1024),
  MAX_DRAINING: optionalInteger(1, 4096),
  MAX_EVENT_LOOP_DELAY_MS: limit(1000, { type: 'integer', minimum: 1, maximum: MAX_TIMER }, `an integer of milliseconds from 1 to ${MAX_TIMER}`),
  MAX_EVENT_LOOP_UTILIZATION: limit('off', { type: 'number', exclusiveMinimum: 0, maximum: 1 }, 'a number above 0, up to 1'),
  MAX_HEAP_USED_BYTES: limit('off', { type: 'integer', minimum: 1 }, 'an integer of bytes from 1'),
  MAX_RSS_BYTES: limit('off', { type: 'integer', minimum: 1 }, 'an integer of bytes from 1'),
  MAX_RESTARTS: integer(5, 0, 1000),
  RESTART_WINDOW_MS: milliseconds(60_000, 1),
  GIVE_UP_MS: milliseconds(60_000, 1),
  HEARTBEAT_TIMEOUT_MS: millisecondsOrZero(30_000, 3_000),
  MAX_WORKER_RSS_BYTES: limit('off', { type: 'integer', minimum: 1 }, 'an integer of bytes from 1'),
  MAX_WORKER_REQUESTS: limit('off', { type: 'integer', minimum: 1 }, 'an integer from 1'),
  MAX_WORKER_AGE_MS: limit('off', { type: 'integer', minimum: 1000 }, 'an integer of milliseconds from 1000'),
  SCHEDULING: optionalOneOf(SCHEDULINGS),
  WORKER_HEADER: flag(false),
  PID_FILE: optionalText('the path of a file'),
  ENV_FILE: optionalText('the path of a file'),
  CONTROL_SOCKET: optionalText('the path of a socket, or "off"'),
  METRICS_PORT: limit('off', { type: 'integer', minimum: 0, maximum: 65535 }, 'an integer from 0 to 65535'),
  METRICS_HOST: text('127.0.0.1', HOST_PATTERN, 'an IP address or a host name'),
  LOG_FILE: optionalText('the path of a file'),
  TLS_CERT_FILE: optionalText('the path of a file'),
  TLS_KEY_FILE: optionalText('the path of a file'),
  TLS_MIN_VERSION: oneOf(TLS_VERSIONS, 'TLSv1.2'),
  HTTP2: flag(false),
  LISTEN_SOCKET: optionalText('the path of a socket'),
  LISTEN_MODE: text('0660', '^0?[0-7]{3}$', 'permissions in octal, such as 0660'),
  SLOT_PORT_BASE: limit('off', { type: 'integer', minimum: 1, maximum: 65535 }, 'an integer from 1 to 65535')
}

export type LogLevel = typeof LOG_LEVELS[number]
export type Scheduling = typeof SCHEDULINGS[number]
export type TlsVersion = typeof TLS_VERSIONS[number]
export type SettingName = keyof typeof SETTINGS
export type Settings = { readonly [Name in SettingName]: typeof SETTINGS[Name] extends Setting<infer Value> ? Value : never }

/** Settings of the sockets and of the primary, which a reload cannot change. */
export const FIXED_SETTINGS: readonly string[] = [
  'HOST', 'PORT', 'SCHEDULING', 'PID_FILE', 'ENV_FILE', 'CONTROL_SOCKET', 'METRICS_PORT', 'METRICS_HOST', 'LOG_FILE',
  'LISTEN_SOCKET', 'LISTEN_MODE', 'SLOT_PORT_BASE'
] satisfies SettingName[]
