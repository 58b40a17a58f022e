import { resolve } from 'node:path'
import { Ajv, type ValidateFunction } from 'ajv'
import { crossCheck } from './cross-checks.ts'
import { cpuLimit } from './cpu-limit.ts'
import { DEFAULT_ENV_FILE, readEnvFile } from './env-file.ts'
import { InvalidSettingsError } from '../errors.ts'
import {
  SETTINGS, type LogLevel, type Scheduling, type SettingName, type Settings, type TlsVersion
} from './settings.ts'

/** Ajv would also accept `0x50`, `1e9`, `Infinity` and a blank as numbers. */
const DECIMAL = /^\d+(\.\d+)?$/

export type Environment = Readonly<Record<string, string | undefined>>

/** Load shedding limits; 0 turns one off, as in @fastify/under-pressure. */
export interface PressureLimits {
  readonly maxEventLoopDelay: number
  readonly maxEventLoopUtilization: number
  readonly maxHeapUsedBytes: number
  readonly maxRssBytes: number
}

/** When a worker counts as leaking or old; Infinity turns one off. */
export interface WorkerLimits {
  readonly rss: number
  readonly requests: number
  readonly age: number
}

/** Durations are integers in milliseconds. The rows of settings.ts say what each one means. */
export interface Config {
  readonly host: string
  readonly port: number
  readonly workers: number
  /** As typed; undefined for the built-in application. */
  readonly application: string | undefined
  /** Empty when the health routes are off. */
  readonly healthPrefix: string
  readonly logLevel: LogLevel
  readonly logRequests: boolean
  readonly keepAliveTimeout: number
  readonly startTimeout: number
  readonly drainTimeout: number
  readonly stopTimeout: number
  readonly stopIdle: number
  readonly stopDelay: number
  readonly canaryTime: number
  readonly maxSurge: number
  readonly maxDraining: number
  readonly pressure: PressureLimits
  readonly maxRestarts: number
  readonly restartWindow: number
  readonly giveUp: number
  /** Infinity when workers are not checked for hangs. */
  readonly heartbeatTimeout: number
  readonly workerLimits: WorkerLimits
  /** Undefined: shared on an inherited socket, and round-robin otherwise. */
  readonly scheduling: Scheduling | undefined
  readonly workerHeader: boolean
  readonly pidFile: string | undefined
  /** Undefined for the default place. */
  readonly controlSocket: string | 'off' | undefined
  readonly metrics: MetricsAddress | undefined
  /** Undefined for standard output. */
  readonly logFile: string | undefined
  readonly tls: TlsFiles | undefined
  readonly http2: boolean
  /** Used instead of host and port. */
  readonly listenSocket: UnixSocket | undefined
  /** The worker of slot n also listens on this port plus n. */
  readonly slotPortBase: number | undefined
}

/** Where the primary serves metrics and status. */
export interface MetricsAddress {
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
}

/** Paths as typed. */
export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
  readonly minVersion: TlsVersion
}

export interface UnixSocket {
  readonly path: string
  /** Permissions of the socket's file. */
  readonly mode: number
}

/** The protocol of the port, fixed at the start: HTTP/1.1, HTTP/1.1 over TLS, or HTTP/2 and HTTP/1.1 over TLS. */
export type Transport = 'http' | 'https' | 'http2'

/** Our own schemas need no check against their meta-schema, which would take longer than everything else here. */
const ajv = new Ajv({ coerceTypes: true, meta: false, validateSchema: false })
/** Compiled on first use: most settings are never set, and every worker runs this when it starts. */
const validators = new Map<SettingName, ValidateFunction>()

/**
 * Reads the settings of an environment.
 *
 * An empty variable counts as not set, as in compose files; only an empty `HEALTH_PREFIX` has its own meaning.
 *
 * @param cpus gives the number that `WORKERS=auto` stands for
 * @throws InvalidSettingsError that lists every wrong setting with its value and what is allowed
 */
export function readConfig (environment: Environment = process.env, cpus: () => number = cpuLimit): Config {
  const given = givenSettings(environment)
  const values = (Object.keys(SETTINGS) as SettingName[]).map((name) => [name, readSetting(name, given[name])] as const)
  const wrong = values.filter(([, { isRight }]) => !isRight).map(([name]) => name)
  const settings = Object.fromEntries(values.map(([name, { value }]) => [name, value])) as Settings
  const workers = settings.WORKERS === 'auto' ? cpus() : settings.WORKERS
  const problems = [
    ...wrong.map((name) => ({ variable: name, value: given[name], allowed: SETTINGS[name].allowed })),
    ...crossCheck(settings, workers, wrong)
  ]
  if (problems.length > 0) {
    throw new InvalidSettingsError(problems
      .map(({ variable, value, allowed }) =>
        `  ${variable} is ${JSON.stringify(value) ?? 'not set'}: it must be ${allowed}`)
      .join('\n'))
  }
  return toConfig(settings, workers)
}

/** The variables of a generation. */
export interface Variables {
  readonly all: Environment
  /** Those of ENV_FILE that the environment of the process does not have; only workers of this generation get them. */
  readonly fromFile: Readonly<Record<string, string>>
}

/**
 * Reads the environment of the process again, and the current ENV_FILE for the variables that it does not have.
 *
 * @param directory that a relative path of the file starts from
 * @throws EnvFileError when the named file does not exist or cannot be read
 */
export function readVariables (directory: string, environment: Environment = process.env): Variables {
  const named = environment.ENV_FILE ?? ''
  const file = readEnvFile(resolve(directory, named === '' ? DEFAULT_ENV_FILE : named), named !== '')
  const fromFile = Object.fromEntries(Object.entries(file).filter(([name]) => !Object.hasOwn(environment, name)))
  return { all: { ...environment, ...fromFile }, fromFile }
}

export function transportOf ({ tls, http2 }: Config): Transport {
  if (tls === undefined) return 'http'
  return http2 ? 'http2' : 'https'
}

/** @returns the names of the settings that differ; neither values nor other variables may appear in the log */
export function changedSettings (before: Environment, after: Environment): string[] {
  const [one, other] = [givenSettings(before), givenSettings(after)]
  return Object.keys(SETTINGS).filter((name) => one[name] !== other[name])
}

/** What the environment says about the instance that a command should use. */
export interface InstanceHint {
  readonly controlSocket: string | undefined
  /** Undefined when it names no port, or port 0. */
  readonly port: number | undefined
}

/**
 * Reads the settings that identify an instance; a command ignores all others, even wrong ones.
 *
 * @throws InvalidSettingsError
 */
export function readInstanceHint ({ CONTROL_SOCKET, PORT }: Environment = process.env): InstanceHint {
  const { controlSocket, port } = readConfig({ CONTROL_SOCKET, PORT }, () => 1)
  return { controlSocket, port: PORT === undefined || PORT === '' || port === 0 ? undefined : port }
}

/** @returns the shell's path of the working directory, which may lead through symbolic links */
export function shellDirectory (environment: Environment = process.env): string | undefined {
  return environment.PWD
}

/** @returns the settings that are set; only for HEALTH_PREFIX an empty text is a value */
function givenSettings (environment: Environment): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.keys(SETTINGS)
    .map((name) => [name, environment[name]] as const)
    .filter(([name, value]) => value !== undefined && (value !== '' || name === 'HEALTH_PREFIX')))
}

/** @returns the value of the text; a meaningless value when the text is wrong */
function readSetting (name: SettingName, text: string | undefined): { value: unknown, isRight: boolean } {
  const { schema, fallback } = SETTINGS[name]
  if (text === undefined) return { value: fallback, isRight: true }
  let validate = validators.get(name)
  if (validate === undefined) {
    validate = ajv.compile({ type: 'object', properties: { value: schema } })
    validators.set(name, validate)
  }
  // In an object, because Ajv can coerce a value only where it can store the result.
  const holder: { value: unknown } = { value: text }
  const isAllowed = validate(holder)
  const isOddNumber = typeof holder.value === 'number' && !(DECIMAL.test(text) && Number.isFinite(holder.value))
  return { value: holder.value, isRight: isAllowed && !isOddNumber }
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
    canaryTime: settings.CANARY_MS,
    maxSurge: settings.MAX_SURGE,
    maxDraining: settings.MAX_DRAINING ?? 2 * workers,
    pressure: Object.freeze({
      maxEventLoopDelay: orZero(settings.MAX_EVENT_LOOP_DELAY_MS),
      maxEventLoopUtilization: orZero(settings.MAX_EVENT_LOOP_UTILIZATION),
      maxHeapUsedBytes: orZero(settings.MAX_HEAP_USED_BYTES),
      maxRssBytes: orZero(settings.MAX_RSS_BYTES)
    }),
    maxRestarts: settings.MAX_RESTARTS,
    restartWindow: settings.RESTART_WINDOW_MS,
    giveUp: settings.GIVE_UP_MS,
    heartbeatTimeout: settings.HEARTBEAT_TIMEOUT_MS === 0 ? Infinity : settings.HEARTBEAT_TIMEOUT_MS,
    workerLimits: Object.freeze({
      rss: orInfinity(settings.MAX_WORKER_RSS_BYTES),
      requests: orInfinity(settings.MAX_WORKER_REQUESTS),
      age: orInfinity(settings.MAX_WORKER_AGE_MS)
    }),
    scheduling: settings.SCHEDULING,
    workerHeader: settings.WORKER_HEADER,
    pidFile: settings.PID_FILE,
    controlSocket: settings.CONTROL_SOCKET,
    metrics: settings.METRICS_PORT === 'off'
      ? undefined
      : Object.freeze({ host: settings.METRICS_HOST, port: settings.METRICS_PORT }),
    logFile: settings.LOG_FILE,
    tls: tlsFiles(settings),
    http2: settings.HTTP2,
    listenSocket: settings.LISTEN_SOCKET === undefined
      ? undefined
      : Object.freeze({ path: settings.LISTEN_SOCKET, mode: parseInt(settings.LISTEN_MODE, 8) }),
    slotPortBase: settings.SLOT_PORT_BASE === 'off' ? undefined : settings.SLOT_PORT_BASE
  })
}

function tlsFiles (settings: Settings): TlsFiles | undefined {
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, TLS_MIN_VERSION: minVersion } = settings
  return certFile === undefined || keyFile === undefined ? undefined : Object.freeze({ certFile, keyFile, minVersion })
}

function orZero (value: number | 'off'): number {
  return value === 'off' ? 0 : value
}

function orInfinity (value: number | 'off'): number {
  return value === 'off' ? Infinity : value
}
