import type { TlsVersion } from '../config/settings.ts'
import type { ErrorReport } from '../errors.ts'
import { areMeasurements } from './measurements-check.ts'
import type { Measurements } from './measurements.ts'

/** Changes when primary and worker of different releases no longer understand each other. */
export const PROTOCOL = 3

/** How long a worker may take to drain, and what it does with idle connections meanwhile. */
export interface DrainLimits {
  /** Milliseconds until the worker is killed. */
  readonly timeout: number
  /** Milliseconds after which an idle connection is closed; without it only the timeout closes it. */
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

/** What a worker reports with each heartbeat. */
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

/** A message of the application to all other workers. */
export interface Broadcast {
  readonly topic: string
  readonly data: unknown
}

/** Certificate and key of a generation: the content of the files when it was made. */
export interface TlsMaterial {
  /** PEM, with its chain after it. */
  readonly cert: string
  readonly key: string
  readonly minVersion: TlsVersion
}

export type ToWorker =
  /** Asks for a `pong`, which only a worker sends whose event loop runs. */
  | { readonly type: 'ping' }
  | { readonly type: 'broadcast', readonly broadcast: Broadcast }
  | { readonly type: 'drain', readonly limits: DrainLimits }
  /** Asks for `measurements`. */
  | { readonly type: 'measure' }
  | { readonly type: 'pool', readonly pool: PoolView }
  /** The log file was renamed: reopen its path. */
  | { readonly type: 'reopen-log' }
  /** Not in the environment, which other processes of the same user can read. */
  | { readonly type: 'tls', readonly tls: TlsMaterial }

export type ToPrimary =
  /** It receives messages from now on, and needs certificate and key. It may have missed what was sent earlier. */
  | { readonly type: 'channel-open' }
  | { readonly type: 'ready', readonly protocol: number }
  /** It could not start, or cannot continue after an uncaught error. */
  | { readonly type: 'failed', readonly error: ErrorReport }
  /** It received SIGTERM: an operator wants it replaced. */
  | { readonly type: 'relieve' }
  | { readonly type: 'draining', readonly progress: DrainProgress }
  | { readonly type: 'heartbeat', readonly load: Load }
  /** When asked, and once more before its channel closes. Undefined for the receiver when they cannot be used. */
  | { readonly type: 'measurements', readonly measurements: Measurements | undefined }
  | { readonly type: 'pong' }
  | { readonly type: 'broadcast', readonly broadcast: Broadcast }

/** The fields that a message must have, by type. Further fields may come from another release. */
interface Shape {
  readonly [field: string]: Shape | readonly string[]
}

const BOOLEAN = ['boolean']
const NUMBER = ['number']
const TEXT = ['string']

const SHAPES: Readonly<Record<(ToPrimary | ToWorker)['type'], Shape>> = {
  broadcast: { broadcast: { topic: TEXT } },
  drain: { limits: { timeout: NUMBER, idleTimeout: [...NUMBER, 'undefined'] } },
  draining: { progress: { requests: NUMBER, connections: NUMBER } },
  failed: { error: { message: TEXT, code: [...TEXT, 'undefined'], stack: [...TEXT, 'undefined'] } },
  // They have a schema of their own.
  measurements: {},
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
  // Only the version, so that a mismatch is recognised whatever else has changed.
  ready: { protocol: NUMBER },
  relieve: {},
  'reopen-log': {},
  tls: { tls: { cert: TEXT, key: TEXT, minVersion: TEXT } }
}

/** Marks Baton's messages among those that the application sends. */
interface Envelope<Message> {
  readonly baton: Message
}

export function wrap<Message extends ToWorker | ToPrimary> (message: Message): Envelope<Message> {
  return { baton: message }
}

/**
 * The one check of what comes over the channel.
 *
 * @returns Baton's message; undefined for anything else, such as the `process.send('ready')` of an application written
 * for PM2, or a message of another release in a shape that this one does not know
 */
export function unwrap<Message extends ToWorker | ToPrimary> (received: unknown): Message | undefined {
  if (!isObject(received) || !isObject(received.baton)) return undefined
  const { type } = received.baton
  const isKnown = typeof type === 'string' && Object.hasOwn(SHAPES, type) && hasShape(received.baton, SHAPES[type as Message['type']])
  if (!isKnown) return undefined
  const message = received.baton as unknown as ToWorker | ToPrimary
  const isUsable = message.type !== 'measurements' || areMeasurements(message.measurements)
  return (isUsable ? message : { type: message.type, measurements: undefined }) as Message
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

/** TypeScript does not take a readonly list for one after `Array.isArray()`. */
function isList (wanted: Shape[string]): wanted is readonly string[] {
  return Array.isArray(wanted)
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
