import type { SupervisorState } from '../supervisor/supervisor.ts'
import type { WorkerState } from '../workers/worker-handle.ts'

/** What tells a pool that works from one that is stuck; times are monotonic milliseconds. */
export interface PoolProgress {
  readonly state: SupervisorState
  readonly workers: ReadonlyArray<{ readonly state: WorkerState, readonly deadline: number }>
  /** When a worker was ready the last time. */
  readonly servedAt: number
  /** Milliseconds without a ready worker after which the supervisor gives up by itself. */
  readonly giveUp: number
}

/** Milliseconds by which the supervisor may be late with a deadline on a busy machine. */
const MARGIN = 5_000

/**
 * Says whether the watchdog may be told that all is well: somebody serves, or what is waited for has a
 * deadline that has not passed. When the supervisor misses its own deadlines nobody else would notice.
 */
export function makesProgress ({ state, workers, servedAt, giveUp }: PoolProgress, now: number): boolean {
  const isInTime = ({ deadline }: { deadline: number }): boolean => deadline + MARGIN > now
  if (workers.some((worker) => worker.state === 'ready' && isInTime(worker))) return true
  // One that was killed is waited for without a deadline: the system owes us its exit.
  if (state !== 'running' && state !== 'reloading') return workers.every(isInTime)
  return now - servedAt < giveUp + MARGIN
}
