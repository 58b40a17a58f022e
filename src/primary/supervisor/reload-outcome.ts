import type { ErrorReport } from '../../errors.ts'

/** How a reload ended. */
export interface ReloadOutcome {
  /**
   * - `completed`: all workers are of the new generation
   * - `failed`: the release is at fault
   * - `refused`: nothing began, because a setting, a path or a certificate is wrong
   * - `overtaken`: a newer reload was requested
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
  /** Generation that each slot should have after it. */
  readonly slots: readonly number[]
  readonly error?: ErrorReport
}

/** Called once with the outcome of the reload that it was requested with. */
export type OnOutcome = (outcome: ReloadOutcome) => void
