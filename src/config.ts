import { Ajv } from 'ajv'
import Type, { type Static } from 'typebox'
import { cpuLimit } from './cpu-limit.ts'
import { InvalidSettingsError, UsageError } from './errors.ts'

const integer = (minimum: number, maximum: number, fallback: number) => Type.Integer({
  minimum, maximum, default: fallback, description: `an integer from ${minimum} to ${maximum}`
})
const milliseconds = (minimum: number, fallback: number) => Type.Integer({
  minimum,
  maximum: MAX_TIMER,
  default: fallback,
  description: `an integer of milliseconds from ${minimum} to ${MAX_TIMER}`
})
const limit = (schema: Type.TNumber | Type.TInteger, fallback: number | 'off', description: string) => Type.Union(
  [Type.Literal('off'), schema], { default: fallback, description: `${description}, or "off"` }
)
const flag = (fallback: boolean) => Type.Boolean({ default: fallback, description: '"true" or "false"' })
const oneOf = <Value extends string> (values: readonly Value[], fallback: Value) => Type.Union(
  values.map((value) => Type.Literal(value)), { default: fallback, description: `one of ${values.join(', ')}` }
)

/** Not a setting: it is meant for one worker. */
const ASSIGNMENT_VARIABLE = 'BATON_WORKER'
/** The longest delay of a timer in Node; a longer one would fire at once. */
const MAX_TIMER = 2 ** 31 - 1
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/** The settings table of the README: each variable with its default and, as description, what is allowed. */
const Settings = Type.Object({
  HOST: Type.String({ default: '127.0.0.1', pattern: '^[^\\s/]+$', description: 'an IP address or a host name' }),
  PORT: integer(0, 65535, 3000),
  WORKERS: Type.Union([Type.Literal('auto'), Type.Integer({ minimum: 1, maximum: 1024 })], {
    default: 'auto', description: '"auto" or an integer from 1 to 1024'
  }),
  APP: Type.Optional(Type.String({ description: 'the path of the application\'s file' })),
  HEALTH_PREFIX: Type.String({
    default: '/health',
    pattern: '^(/[A-Za-z0-9._~-]+)*$',
    description: 'a path such as /health without a slash at its end, or empty'
  }),
  LOG_LEVEL: oneOf(LOG_LEVELS, 'info'),
  LOG_REQUESTS: flag(false),
  KEEP_ALIVE_TIMEOUT_MS: milliseconds(1, 72_000),
  START_TIMEOUT_MS: milliseconds(1, 30_000),
  DRAIN_TIMEOUT_MS: milliseconds(1, 80_000),
  STOP_TIMEOUT_MS: milliseconds(1, 8_000),
  STOP_IDLE_MS: milliseconds(0, 1_000),
  STOP_DELAY_MS: milliseconds(0, 0),
  MAX_SURGE: integer(0, 1024, 1),
  MAX_DRAINING: Type.Optional(Type.Integer({ minimum: 1, maximum: 4096, description: 'an integer from 1 to 4096' })),
  MAX_EVENT_LOOP_DELAY_MS: limit(Type.Integer({ minimum: 1, maximum: MAX_TIMER }), 1000, 'an integer of milliseconds from 1'),
  MAX_EVENT_LOOP_UTILIZATION: limit(Type.Number({ exclusiveMinimum: 0, maximum: 1 }), 'off', 'a number above 0, up to 1'),
  MAX_HEAP_USED_BYTES: limit(Type.Integer({ minimum: 1 }), 'off', 'an integer of bytes from 1'),
  MAX_RSS_BYTES: limit(Type.Integer({ minimum: 1 }), 'off', 'an integer of bytes from 1'),
  SCHEDULING: oneOf(['round-robin', 'shared'], 'round-robin'),
  WORKER_HEADER: flag(false),
  PID_FILE: Type.Optional(Type.String({ description: 'the path of a file' }))
})

type Settings = Static<typeof Settings>
type Environment = Readonly<Record<string, string | undefined>>

/** Load shedding limits; 0 turns one off, as in @fastify/under-pressure. */
export interface PressureLimits {
  readonly maxEventLoopDelay: number
  readonly maxEventLoopUtilization: number
  readonly maxHeapUsedBytes: number
  readonly maxRssBytes: number
}

/** Durations are integers in milliseconds. The README's settings table says what each one means. */
export interface Config {
  readonly host: string
  readonly port: number
  readonly workers: number
  /** As typed; undefined for the built-in application. */
  readonly application: string | undefined
  /** Empty when the health routes are off. */
  readonly healthPrefix: string
  readonly logLevel: typeof LOG_LEVELS[number]
  readonly logRequests: boolean
  readonly keepAliveTimeout: number
  readonly startTimeout: number
  readonly drainTimeout: number
  readonly stopTimeout: number
  readonly stopIdle: number
  readonly stopDelay: number
  readonly maxSurge: number
  readonly maxDraining: number
  readonly pressure: PressureLimits
  readonly scheduling: 'round-robin' | 'shared'
  readonly workerHeader: boolean
  readonly pidFile: string | undefined
}

/** What a worker is told by the primary that forks it. */
export interface Assignment {
  readonly slot: number
  readonly generation: number
  /** Resolved path of the application's file; null for the built-in application. */
  readonly application: string | null
  /** Where to listen: the port is the one that `PORT=0` came to. */
  readonly port: number
}

interface Problem {
  readonly variable: string
  readonly value: unknown
  readonly allowed: string
}

const validate = new Ajv({ allErrors: true, coerceTypes: true, useDefaults: true }).compile(Settings)

/**
 * Reads the settings of an environment.
 *
 * A variable that is set to nothing counts as not set, as in compose files; only an empty
 * `HEALTH_PREFIX` has a meaning of its own.
 *
 * @param cpus the workers that `WORKERS=auto` stands for
 * @throws InvalidSettingsError that lists every wrong setting with its value and what is allowed
 */
export function readConfig (environment: Environment = process.env, cpus: () => number = cpuLimit): Config {
  const given = Object.fromEntries(Object.keys(Settings.properties)
    .map((variable) => [variable, environment[variable]] as const)
    .filter(([variable, value]) => value !== undefined && (value !== '' || variable === 'HEALTH_PREFIX')))
  const coerced: unknown = { ...given }

  validate(coerced)
  const settings = coerced as Settings
  const workers = settings.WORKERS === 'auto' ? cpus() : settings.WORKERS
  const problems = [...problemsOf(given), ...contradictions(settings.MAX_SURGE, workers)]
  if (problems.length > 0) {
    throw new InvalidSettingsError(problems
      .map(({ variable, value, allowed }) => `  ${variable} is ${JSON.stringify(value)}: it must be ${allowed}`)
      .join('\n'))
  }
  return toConfig(settings, workers)
}

/** @returns the path by which the shell knows the working directory, if it says */
export function shellDirectory (environment: Environment = process.env): string | undefined {
  return environment.PWD
}

/** Reads, and takes out of the environment of the application, what the primary told this worker alone. */
export function takeAssignment (environment: NodeJS.ProcessEnv = process.env): Assignment {
  const text = environment[ASSIGNMENT_VARIABLE]
  if (text === undefined) throw new UsageError('this program is a worker: it is started by Baton')
  delete environment[ASSIGNMENT_VARIABLE]
  return JSON.parse(text) as Assignment
}

/** @returns the environment variable by which a worker learns its assignment */
export function assignmentVariable (assignment: Assignment): Record<string, string> {
  return { [ASSIGNMENT_VARIABLE]: JSON.stringify(assignment) }
}

function problemsOf (given: Readonly<Record<string, unknown>>): Problem[] {
  const variables = new Set(validate.errors?.map(({ instancePath }) => instancePath.slice(1)))
  const descriptions = Settings.properties as Record<string, { description?: string }>
  return [...variables].map((variable) => ({
    variable,
    value: given[variable],
    allowed: String(descriptions[variable]?.description)
  }))
}

/** What each setting allows by itself, and together they do not; comparisons with a wrong value hold for nothing. */
function contradictions (maxSurge: number, workers: number): Problem[] {
  const allowed = maxSurge > workers
    ? `at most the number of workers, which is ${workers}`
    : 'at least 1 with one worker, which nobody else could stand in for'
  return maxSurge > workers || (maxSurge === 0 && workers === 1)
    ? [{ variable: 'MAX_SURGE', value: maxSurge, allowed }]
    : []
}

function toConfig (settings: Settings, workers: number): Config {
  return Object.freeze({
    host: settings.HOST,
    port: settings.PORT,
    workers,
    application: settings.APP,
    healthPrefix: settings.HEALTH_PREFIX,
    logLevel: settings.LOG_LEVEL,
    logRequests: settings.LOG_REQUESTS,
    keepAliveTimeout: settings.KEEP_ALIVE_TIMEOUT_MS,
    startTimeout: settings.START_TIMEOUT_MS,
    drainTimeout: settings.DRAIN_TIMEOUT_MS,
    stopTimeout: settings.STOP_TIMEOUT_MS,
    stopIdle: settings.STOP_IDLE_MS,
    stopDelay: settings.STOP_DELAY_MS,
    maxSurge: settings.MAX_SURGE,
    maxDraining: settings.MAX_DRAINING ?? 2 * workers,
    pressure: Object.freeze({
      maxEventLoopDelay: orZero(settings.MAX_EVENT_LOOP_DELAY_MS),
      maxEventLoopUtilization: orZero(settings.MAX_EVENT_LOOP_UTILIZATION),
      maxHeapUsedBytes: orZero(settings.MAX_HEAP_USED_BYTES),
      maxRssBytes: orZero(settings.MAX_RSS_BYTES)
    }),
    scheduling: settings.SCHEDULING,
    workerHeader: settings.WORKER_HEADER,
    pidFile: settings.PID_FILE
  })
}

function orZero (value: number | 'off'): number {
  return value === 'off' ? 0 : value
}
