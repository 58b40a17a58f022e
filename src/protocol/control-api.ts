import type { FromSchema } from 'json-schema-to-ts'

/** What the primary and the `baton` command exchange over the control socket: HTTP with JSON bodies. */

const TEXT = { type: 'string' } as const
const COUNT = { type: 'integer', minimum: 0 } as const
const SLOTS = { type: 'array', items: COUNT } as const
const OPTIONAL_NUMBER = { type: ['number', 'null'] } as const
const OPTIONAL_TEXT = { type: ['string', 'null'] } as const

const ERROR = {
  type: 'object',
  required: ['message'],
  additionalProperties: false,
  properties: { message: TEXT, code: TEXT }
} as const

/** How a reload ended. Only `completed` is a success: all workers run the new generation. */
const OUTCOME_PROPERTIES = {
  result: { enum: ['completed', 'failed', 'refused', 'overtaken', 'stopped'] },
  /** Null when it was refused. */
  generation: { type: ['integer', 'null'] },
  durationMs: COUNT,
  /** The slot whose worker failed it. */
  slot: { type: ['integer', 'null'] },
  /** Generation of each slot after the reload. */
  slots: SLOTS,
  error: { anyOf: [ERROR, { type: 'null' }] }
} as const
const OUTCOME_REQUIRED = ['result', 'generation', 'durationMs', 'slot', 'slots', 'error'] as const

/** Answer of `POST /reload`. */
export const OUTCOME = {
  type: 'object',
  required: OUTCOME_REQUIRED,
  additionalProperties: false,
  properties: OUTCOME_PROPERTIES
} as const
export type Outcome = FromSchema<typeof OUTCOME>

const WORKER = {
  type: 'object',
  required: [
    'slot', 'pid', 'generation', 'state', 'stale', 'uptimeMs', 'restarts', 'eventLoopDelayMs', 'eventLoopUtilization',
    'heapUsedBytes', 'rssBytes', 'connections', 'requests', 'served'
  ],
  additionalProperties: false,
  properties: {
    slot: COUNT,
    /** Null when no process could be started. */
    pid: { type: ['integer', 'null'] },
    generation: COUNT,
    state: { enum: ['starting', 'ready', 'hung', 'draining', 'exited'] },
    /** About to be relieved although it has the wanted generation. */
    stale: { type: 'boolean' },
    uptimeMs: COUNT,
    /** Workers of this slot that exited unexpectedly since the service started. */
    restarts: COUNT,
    /** This and all that follow are from its last heartbeat, one a second; null before the first. */
    eventLoopDelayMs: OPTIONAL_NUMBER,
    eventLoopUtilization: OPTIONAL_NUMBER,
    heapUsedBytes: OPTIONAL_NUMBER,
    rssBytes: OPTIONAL_NUMBER,
    connections: OPTIONAL_NUMBER,
    /** In flight. */
    requests: OPTIONAL_NUMBER,
    served: OPTIONAL_NUMBER
  }
} as const
export type WorkerStatus = FromSchema<typeof WORKER>

/** Answer of `GET /status`. Times are ISO 8601 in UTC. */
export const STATUS = {
  type: 'object',
  required: [
    'version', 'node', 'pid', 'url', 'state', 'uptimeMs', 'crashLoop', 'generation', 'wanted', 'workers', 'rollout',
    'lastReload'
  ],
  additionalProperties: false,
  properties: {
    /** Version of Baton. */
    version: TEXT,
    /** Version of Node that the primary runs. */
    node: TEXT,
    pid: COUNT,
    /** Where it listens. */
    url: TEXT,
    state: { enum: ['starting', 'running', 'reloading', 'stopping', 'stopped'] },
    uptimeMs: COUNT,
    /** Whether workers crash so often that restarts are delayed. */
    crashLoop: { type: 'boolean' },
    generation: {
      type: 'object',
      required: ['number', 'since', 'application', 'program', 'directory'],
      additionalProperties: false,
      properties: {
        number: COUNT,
        since: { type: 'string', format: 'date-time' },
        /** Null for the built-in application. */
        application: OPTIONAL_TEXT,
        program: TEXT,
        directory: TEXT
      }
    },
    /** Intended number of workers. */
    wanted: COUNT,
    workers: { type: 'array', items: WORKER },
    /** The current reload. */
    rollout: {
      anyOf: [{ type: 'null' }, {
        type: 'object',
        required: ['generation'],
        additionalProperties: false,
        properties: { generation: COUNT }
      }]
    },
    lastReload: {
      anyOf: [{ type: 'null' }, {
        type: 'object',
        required: [...OUTCOME_REQUIRED, 'endedAt'],
        additionalProperties: false,
        properties: { ...OUTCOME_PROPERTIES, endedAt: { type: 'string', format: 'date-time' } }
      }]
    }
  }
} as const
export type Status = FromSchema<typeof STATUS>

/** Body of `POST /reload`. */
export const RELOAD = {
  type: 'object',
  additionalProperties: false,
  properties: {
    /** Also wait until the workers of older generations have exited. */
    drained: { type: 'boolean', default: false }
  }
} as const

/** Body of `POST /scale`. */
export const SCALE = {
  type: 'object',
  required: ['workers'],
  additionalProperties: false,
  properties: { workers: { type: 'integer', minimum: 1, maximum: 1024 } }
} as const

/** Answer of `POST /scale`: the intended number of workers from now on. */
export const SCALED = {
  type: 'object',
  required: ['workers'],
  additionalProperties: false,
  properties: { workers: COUNT }
} as const

/** Answer of `POST /stop`, sent when no worker is left. */
export const STOPPED = {
  type: 'object',
  required: ['code'],
  additionalProperties: false,
  properties: {
    /** Exit code of the primary. */
    code: COUNT
  }
} as const

/** Answer of `GET /health/live` and `GET /health/ready` on the port for metrics. */
export const HEALTH = {
  type: 'object',
  required: ['status', 'state'],
  additionalProperties: false,
  properties: {
    status: { enum: ['ok', 'unavailable'] },
    state: STATUS.properties.state
  }
} as const

/** Body of every answer with another status than 200. */
export const PROBLEM = {
  type: 'object',
  required: ['statusCode', 'error', 'message'],
  properties: { statusCode: COUNT, error: TEXT, message: TEXT, code: TEXT }
} as const

/** Media type of a stream of events, one JSON object a line: the answer of `POST /reload` if the client accepts it. */
export const EVENT_STREAM = 'application/x-ndjson'

interface AboutWorker {
  readonly slot: number
  readonly generation: number
  readonly pid: number
}

/**
 * One line of the stream. The first is `reload:started`, unless the reload ends before it begins. `reload:ended` comes
 * once; with `drained` the exits of older workers and `reload:drained` follow.
 */
export type ReloadEvent =
  /** `slots`: the generation of each slot before the reload. */
  | {
    readonly event: 'reload:started',
    readonly generation: number,
    readonly workers: number,
    readonly slots: readonly number[]
  }
  /** MAX_DRAINING workers are draining; the next step waits for one of them. */
  | { readonly event: 'reload:waiting', readonly generation: number, readonly maxDraining: number }
  | AboutWorker & { readonly event: 'worker:forked' | 'worker:draining' }
  | AboutWorker & { readonly event: 'worker:ready', readonly durationMs: number }
  /** `durationMs`: how long it drained; missing when it exited unexpectedly. */
  | AboutWorker & {
    readonly event: 'worker:exited',
    readonly code: number | null,
    readonly signal: string | null,
    readonly durationMs?: number,
    readonly wasKilled: boolean
  }
  | Outcome & { readonly event: 'reload:ended' }
  /** No worker of an older generation is left. */
  | { readonly event: 'reload:drained', readonly durationMs: number }
