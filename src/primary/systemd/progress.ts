import type { SupervisorState } from '../supervisor/supervisor.ts'
import type { WorkerState } from '../workers/worker-handle.ts'

/** What distinguishes a working pool from a stuck one; times are monotonic milliseconds. */
export interface PoolProgress {
  readonly state: SupervisorState
  readonly workers: ReadonlyArray<{ readonly state: WorkerState, readonly deadline: number }>
  /** When a worker was last ready. */
  readonly servedAt: number
  /** Milliseconds without a ready worker after which the supervisor gives up on its own. */
  readonly giveUp: number
}

/** Milliseconds by which the supervisor may be late for a deadline on a busy machine. */
const ALLOWED_DELAY = 5_000

/**
 * Says whether to ping the watchdog: when a worker serves, or when every deadline that the pool waits for is still
 * ahead. If the supervisor misses its own deadlines, only the watchdog can notice.
 */
export function makesProgress ({ state, workers, servedAt, giveUp }: PoolProgress, now: number): boolean {
  const isInTime = ({ deadline }: { deadline: number }): boolean => deadline + ALLOWED_DELAY > now
  if (workers.some((worker) => worker.state === 'ready' && isInTime(worker))) return true
  // A killed worker has no deadline: the system always reports its exit.
  if (state !== 'running' && state !== 'reloading') return workers.every(isInTime)
  return now - servedAt < giveUp + ALLOWED_DELAY
}
