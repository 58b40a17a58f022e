import type { DrainReport } from '../service/drain-watch.ts'
import type { Reload } from '../service/reload.ts'
import type { DistributionPoint } from './distribution.ts'
import type { GeneratorReport } from './generator-watch.ts'
import type { TimelineReport } from './timeline.ts'

/** Everything that a run found out, as plain data that can be stored and compared. Milliseconds. */
export interface Report {
  readonly duration: number
  /** After this no request was started; those in progress were finished. */
  readonly loadDuration: number
  /** All that ended, including those that failed. */
  readonly requests: number
  readonly failures: number
  readonly kinds: readonly KindReport[]
  readonly reloads: readonly ReloadReport[]
  /** Reloads that were asked for. */
  readonly reloadsWanted: number
  /** Requests of the quick kinds that overlap a reload, and those that do not. */
  readonly inside: LatencyReport
  readonly outside: LatencyReport
  /** Of the same requests. */
  readonly distributions: DistributionReport
  readonly timeline: TimelineReport
  /** The first thousand failures. */
  readonly failed: readonly FailureReport[]
  readonly generations: readonly number[]
  /** The longest delay of the event loop of this program: latencies are too high by up to that. */
  readonly eventLoopDelay: number
  readonly generator: GeneratorReport
  /** What had become of the relieved workers when the load ended; unknown for a service that was not started here. */
  readonly drains?: DrainReport
}

/** Of the requests that were answered correctly. */
export interface LatencyReport {
  readonly answered: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export interface DistributionReport {
  readonly inside: readonly DistributionPoint[]
  readonly outside: readonly DistributionPoint[]
}

export interface KindReport extends LatencyReport {
  readonly name: string
  readonly clients: number
  readonly failures: number
  /** How many failures had which reason. */
  readonly reasons: Readonly<Record<string, number>>
  /** Requests that the server reported as not processed, which HTTP/2 can do: neither answered nor failed. */
  readonly unprocessed: number
}

export interface ReloadReport extends Reload {
  /** When SIGHUP was sent, since the start of the run. */
  readonly at: number
  /** Of the quick kinds, while it was in progress. */
  readonly latencies: LatencyReport
}

export interface FailureReport {
  readonly kind: string
  readonly reason: string
  /** When it failed, since the start of the run. */
  readonly at: number
  /** How long the request had taken by then. */
  readonly after: number
  /** Bytes received of the answer. */
  readonly bytes: number
  /**
   * The worker that gave the last answer on its connection, `slot/generation/pid`; undefined when there was none, or
   * it is unknown.
   */
  readonly worker: string | undefined
  /** How long ago its connection was opened; undefined when there was none, or it is unknown. */
  readonly connectionAge: number | undefined
  /** The reload (1 is the first) that the request overlaps. */
  readonly reload: number | undefined
  /** Since the last SIGHUP, because a worker drains for longer than the reload takes. */
  readonly sinceReload: number | undefined
}
