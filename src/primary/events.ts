import { EventEmitter } from 'node:events'
import type { ErrorReport } from '../errors.ts'
import type { Logger } from '../log/logger.ts'
import type { ReloadOutcome } from './supervisor/reload-outcome.ts'

/** Which worker an entry is about. */
interface WorkerFields {
  readonly slot: number
  readonly generation: number
  readonly pid: number | undefined
}

/** Why a worker crashed; a label of metrics, so there are few. */
export type CrashReason = 'signal' | 'code' | 'itself' | 'error' | 'hang' | 'start'

/** What happens to a pool, by the `event` of its log line. Durations are milliseconds. */
interface Fields {
  'worker:forked': WorkerFields
  'worker:ready': WorkerFields & { readonly durationMs: number }
  'worker:draining': WorkerFields
  'worker:exited': WorkerFields & {
    readonly code: number | null
    readonly signal: NodeJS.Signals | null
    /** How long it drained; undefined when it did not. */
    readonly durationMs?: number
    /** The primary killed it at a deadline. */
    readonly wasKilled: boolean
    /** Open requests, by its last report, when it was killed at its drain deadline. */
    readonly cut?: number
    readonly err?: ErrorReport
  }
  /** It ended unexpectedly, or cannot continue: it is replaced. Once for a worker. */
  'worker:crashed': WorkerFields & { readonly reason: CrashReason, readonly err: ErrorReport }
  'worker:hung': WorkerFields & { readonly stack: string | undefined }
  /** It is relieved because of a limit, or because it received SIGTERM. */
  'worker:stale': WorkerFields & { readonly limit: string, readonly rss?: number, readonly served?: number }
  'reload:started': {
    readonly generation: number
    readonly workers: number
    readonly application: string | null
    readonly changed: readonly string[]
    /** Generation of each slot before it. */
    readonly slots: readonly number[]
  }
  'reload:waiting': { readonly generation: number, readonly maxDraining: number }
  'reload:completed': { readonly generation: number, readonly durationMs: number }
  'reload:failed': {
    readonly generation: number
    readonly durationMs: number
    /** Generation of each slot after it. */
    readonly slots: readonly number[]
    /** The slot whose worker failed it. */
    readonly slot?: number
    readonly err: ErrorReport
  }
  'reload:refused': { readonly err: ErrorReport }
  /** Once for each reload that was requested, however it ended. */
  'reload:settled': Pick<ReloadOutcome, 'result' | 'durationMs'>
  'restart:delayed': { readonly durationMs: number, readonly crashes: number }
}

export type EventName = keyof Fields

/** One thing that happened. */
export type Entry = { [Name in EventName]: { readonly event: Name } & Fields[Name] }[EventName]

/** Entries without a log line of their own: the worker's exit, or the end of the reload, says the same. */
const SILENT: readonly EventName[] = ['worker:crashed', 'reload:settled']

/** What happens to the pool: each entry is a log line, and an event for metrics, the control socket and systemd. */
export class Events extends EventEmitter<{ entry: [Entry] }> {
  readonly #log: Logger

  constructor (log: Logger) {
    super()
    this.#log = log
  }

  note (level: 'info' | 'warn' | 'error', entry: Entry, message: string): void {
    if (!SILENT.includes(entry.event)) this.#log[level](entry, message)
    this.emit('entry', entry)
  }
}
