import type { ErrorReport } from '../../errors.ts'

/** How a reload ended. */
export interface ReloadOutcome {
  /**
   * - `completed`: all workers are of the new generation
   * - `failed`: its release is at fault
   * - `refused`: nothing was begun, because something that was read for it is wrong
   * - `overtaken`: a newer reload was asked for
   * - `stopped`: the service stopped
   */
  readonly result: 'completed' | 'failed' | 'refused' | 'overtaken' | 'stopped'
  /** Undefined when it was refused. */
  readonly generation?: number
  /** Monotonic milliseconds. */
  readonly endedAt: number
  readonly durationMs: number
  /** The slot whose worker failed it. */
  readonly slot?: number
  /** Generation of each slot after it. */
  readonly slots: readonly number[]
  readonly error?: ErrorReport
}

/** Hears how the reload ended that it was asked for with. */
export type Settle = (outcome: ReloadOutcome) => void
