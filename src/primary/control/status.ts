import type { Outcome, Status, WorkerStatus } from '../../protocol/control-api.ts'
import type { ReloadOutcome } from '../supervisor/reload-outcome.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import type { WorkerHandle } from '../workers/worker-handle.ts'

/** The part of the supervisor that the status describes. */
export type StatusSource = Pick<Supervisor,
  'state' | 'generation' | 'workers' | 'since' | 'lastReload' | 'rollingOut' | 'wantedWorkers' | 'isCrashLooping' | 'crashes'>

/** What does not change while the service runs. */
export interface Instance {
  readonly version: string
  readonly pid: number
  readonly url: string
}

export interface Clocks {
  /** Monotonic milliseconds, as the supervisor counts. */
  readonly now: () => number
  /** Milliseconds since 1970. */
  readonly wall: () => number
}

export function describeStatus (
  supervisor: StatusSource, instance: Instance, startedAt: number, clocks: Clocks
): Status {
  const now = clocks.now()
  const date = (at: number): string => new Date(clocks.wall() - (now - at)).toISOString()
  const { generation, lastReload, rollingOut } = supervisor
  return {
    ...instance,
    node: process.version,
    state: supervisor.state,
    uptimeMs: Math.round(now - startedAt),
    crashLoop: supervisor.isCrashLooping,
    generation: {
      number: generation.number,
      since: date(supervisor.since),
      application: generation.application,
      program: generation.program,
      directory: generation.directory
    },
    wanted: supervisor.wantedWorkers,
    workers: supervisor.workers
      .map((worker) => describeWorker(worker, supervisor.crashes(worker.slot), now))
      .sort((one, other) => one.slot - other.slot || one.generation - other.generation),
    rollout: rollingOut === undefined ? null : { generation: rollingOut },
    lastReload: lastReload === undefined ? null : { ...describeOutcome(lastReload), endedAt: date(lastReload.endedAt) }
  }
}

export function describeOutcome ({ result, generation, durationMs, slot, slots, error }: ReloadOutcome): Outcome {
  return {
    result,
    generation: generation ?? null,
    durationMs,
    slot: slot ?? null,
    slots: [...slots],
    // Without the stack, which is in the log.
    error: error === undefined ? null : { message: error.message, ...error.code === undefined ? {} : { code: error.code } }
  }
}

function describeWorker (worker: WorkerHandle, restarts: number, now: number): WorkerStatus {
  const { slot, pid, generation, state, isStale, forkedAt, load } = worker
  return {
    slot,
    pid: pid ?? null,
    generation,
    state,
    stale: isStale,
    uptimeMs: Math.round(now - forkedAt),
    restarts,
    eventLoopDelayMs: load?.eventLoopDelay ?? null,
    eventLoopUtilization: load?.eventLoopUtilization ?? null,
    heapUsedBytes: load?.heapUsed ?? null,
    rssBytes: load?.rss ?? null,
    connections: load?.connections ?? null,
    requests: load?.requests ?? null,
    served: load?.served ?? null
  }
}
