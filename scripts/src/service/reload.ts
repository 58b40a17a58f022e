import type { WorkerSighting } from '../clients/recorder.ts'
import type { DrainReport } from './drain-watch.ts'

/** How one reload went, as seen by the program that asked for it. Times are of `performance.now()`. */
export interface Reload {
  readonly outcome: 'completed' | 'failed' | 'refused' | 'unknown'
  /** When SIGHUP was sent. */
  readonly startedAt: number
  readonly endedAt: number
  /** Milliseconds: as the service reports it, otherwise as it was observed. */
  readonly duration: number
  /** The new generation. */
  readonly generation?: number
  /** Why it did not complete. */
  readonly reason?: string
}

/** Makes the service reload. */
export interface Reloader {
  /**
   * Sends one SIGHUP and follows the reload to its end. Never rejects: a reload that does not end in
   * time, or whose service has exited, has the outcome `unknown` and a reason.
   *
   * @param timeout milliseconds
   * @param signal stops following it
   */
  readonly reload: (timeout: number, signal: AbortSignal) => Promise<Reload>
  /** Is called for every answer that names its worker. */
  readonly observe?: (sighting: WorkerSighting) => void
  /** What has become of the relieved workers by now; undefined when that is unknown. */
  readonly drains?: DrainReport
}
