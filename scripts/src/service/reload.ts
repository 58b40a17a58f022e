import type { WorkerSighting } from '../clients/client-kind.ts'
import type { DrainReport } from './drain-watch.ts'

/** How one reload went, as whoever asked for it saw it. Times are of `performance.now()`. */
export interface Reload {
  readonly outcome: 'completed' | 'failed' | 'refused' | 'unknown'
  /** When SIGHUP was sent. */
  readonly startedAt: number
  readonly endedAt: number
  /** Milliseconds: what the service says of it, else what was seen. */
  readonly duration: number
  /** The one that the reload brought. */
  readonly generation?: number
  /** Why it did not complete. */
  readonly reason?: string
}

/** Who can make the service reload. */
export interface Reloader {
  /**
   * Sends one SIGHUP and follows the reload to its end. Never rejects: a reload that does not end in
   * time, or whose service has gone, has the outcome `unknown` and a reason.
   *
   * @param timeout milliseconds
   * @param signal stops following it
   */
  readonly reload: (timeout: number, signal: AbortSignal) => Promise<Reload>
  /** Is told of every answer that names its worker, if it wants to know. */
  readonly observe?: (sighting: WorkerSighting) => void
  /** What has become, by now, of the workers that were relieved, if that can be known. */
  readonly drains?: DrainReport
}
