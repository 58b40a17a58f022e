import type { ErrorReport } from '../errors.ts'
import type { Measurements } from './measurements.ts'
import type { TlsVersion } from '../config/settings.ts'

/** Changes when primary and worker of different releases would no longer understand each other. */
export const PROTOCOL = 3

/** How long a worker may take to drain, and what it does with idle connections meanwhile. */
export interface DrainLimits {
  /** Milliseconds until the worker is killed. */
  readonly timeout: number
  /** Milliseconds after which an idle connection is closed; without it only the timeout closes one. */
  readonly idleTimeout?: number
}

/** What a draining worker still holds. */
export interface DrainProgress {
  /** Requests whose answer is not finished. */
  readonly requests: number
  readonly connections: number
}

/** What the pool as a whole is doing, for the health routes. */
export interface PoolView {
  readonly isStopping: boolean
  /** Workers crash so often that restarts are delayed. */
  readonly isCrashLooping: boolean
}

/** How a worker is, as its heartbeat says. */
export interface Load {
  /** How late the heartbeat was, in milliseconds. */
  readonly eventLoopDelay: number
  /** From 0 to 1, since the last heartbeat. */
  readonly eventLoopUtilization: number
  readonly heapUsed: number
  readonly rss: number
  readonly connections: number
  /** Requests whose answer is not finished. */
  readonly requests: number
  /** Requests since the start. */
  readonly served: number
}

/** What an application says to the other workers. */
export interface Broadcast {
  readonly topic: string
  readonly data: unknown
}

/** Certificate and key of a generation: what the files held when it was made. */
export interface TlsMaterial {
  /** PEM, with its chain after it. */
  readonly cert: string
  readonly key: string
  readonly minVersion: TlsVersion
}

export type ToWorker =
  /** Asks for an answer, which only a worker gives whose event loop runs. */
  | { readonly type: 'ping' }
  | { readonly type: 'broadcast', readonly broadcast: Broadcast }
  | { readonly type: 'drain', readonly limits: DrainLimits }
  /** Asks for measurements. */
  | { readonly type: 'measure' }
  | { readonly type: 'pool', readonly pool: PoolView }
  /** The log file has been renamed: the path is to be opened anew. */
  | { readonly type: 'reopen-log' }
  /** Not in the environment, which other processes of the same user can read. */
  | { readonly type: 'tls', readonly tls: TlsMaterial }

export type ToPrimary =
  /** It hears messages from now on, and needs certificate and key. What was sent earlier it may have missed. */
  | { readonly type: 'channel-open' }
  | { readonly type: 'ready', readonly protocol: number }
  /** It could not start, or an error that nobody caught makes it unfit to go on. */
  | { readonly type: 'failed', readonly error: ErrorReport }
  /** It was sent SIGTERM: somebody wants it replaced. */
  | { readonly type: 'relieve' }
  | { readonly type: 'draining', readonly progress: DrainProgress }
  | { readonly type: 'heartbeat', readonly load: Load }
  /** When it was asked, and once more before its channel closes. */
  | { readonly type: 'measurements', readonly measurements: Measurements }
  | { readonly type: 'pong' }
  | { readonly type: 'broadcast', readonly broadcast: Broadcast }

/** What a message has at least, as types of its fields. Further fields may come from another release. */
interface Shape {
  readonly [field: string]: Shape | readonly string[]
}

const BOOLEAN = ['boolean']
const NUMBER = ['number']
const TEXT = ['string']
/** Or a list, or null: who uses it looks closer. */
const OBJECT = ['object']

const SHAPES: Readonly<Record<(ToPrimary | ToWorker)['type'], Shape>> = {
  broadcast: { broadcast: { topic: TEXT } },
  drain: { limits: { timeout: NUMBER, idleTimeout: [...NUMBER, 'undefined'] } },
  draining: { progress: { requests: NUMBER, connections: NUMBER } },
  failed: { error: { message: TEXT, code: [...TEXT, 'undefined'], stack: [...TEXT, 'undefined'] } },
  measurements: {
    measurements: { bounds: OBJECT, requests: OBJECT, inFlight: NUMBER, connections: NUMBER, shed: NUMBER, closedAtDeadline: NUMBER, node: OBJECT }
  },
  heartbeat: {
    load: {
      eventLoopDelay: NUMBER,
      eventLoopUtilization: NUMBER,
      heapUsed: NUMBER,
      rss: NUMBER,
      connections: NUMBER,
      requests: NUMBER,
      served: NUMBER
    }
  },
  measure: {},
  'channel-open': {},
  ping: {},
  pong: {},
  pool: { pool: { isStopping: BOOLEAN, isCrashLooping: BOOLEAN } },
  // Nothing but the version, so that every other version can be told that it is another one.
  ready: { protocol: NUMBER },
  relieve: {},
  'reopen-log': {},
  tls: { tls: { cert: TEXT, key: TEXT, minVersion: TEXT } }
}

/** Marks our messages among those that an application sends for itself. */
interface Envelope<Message> {
  readonly baton: Message
}

export function wrap<Message extends ToWorker | ToPrimary> (message: Message): Envelope<Message> {
  return { baton: message }
}

/**
 * @returns our message in what came over the channel; undefined for anything else, such as the
 * `process.send('ready')` of an application written for PM2, or a message of another release in a
 * shape that this one does not know
 */
export function unwrap<Message extends ToWorker | ToPrimary> (received: unknown): Message | undefined {
  if (!isObject(received) || !isObject(received.baton)) return undefined
  const { type } = received.baton
  const isOurs = typeof type === 'string' && Object.hasOwn(SHAPES, type) && hasShape(received.baton, SHAPES[type as Message['type']])
  return isOurs ? received.baton as unknown as Message : undefined
}

function hasShape (value: unknown, shape: Shape): boolean {
  if (!isObject(value)) return false
  for (const field in shape) {
    const wanted = shape[field] as Shape[string]
    const isRight = isList(wanted) ? wanted.includes(typeof value[field]) : hasShape(value[field], wanted)
    if (!isRight) return false
  }
  return true
}

/** `Array.isArray()` does not tell TypeScript that a list that cannot be changed is one. */
function isList (wanted: Shape[string]): wanted is readonly string[] {
  return Array.isArray(wanted)
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
