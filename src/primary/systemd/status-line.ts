import type { ReloadOutcome } from '../supervisor/reload-outcome.ts'
import type { SupervisorState } from '../supervisor/supervisor.ts'
import type { WorkerState } from '../workers/worker-handle.ts'

/** What is told of a pool; a Supervisor is one. */
export interface PoolStatus {
  readonly state: SupervisorState
  readonly generation: { readonly number: number }
  /** Generation of the rollout that is under way. */
  readonly rollingOut: number | undefined
  /** How many workers there should be. */
  readonly wantedWorkers: number
  readonly workers: ReadonlyArray<{ readonly state: WorkerState, readonly generation: number }>
  readonly isCrashLooping: boolean
  readonly lastReload: ReloadOutcome | undefined
}

/** Messages of applications may be long; the line is for a terminal. */
const LONGEST = 200

const VERDICTS: { readonly [Result in ReloadOutcome['result']]?: string } = { failed: 'failed', refused: 'was refused' }

/** @returns the line that `systemctl status` shows */
export function statusLine (pool: PoolStatus): string {
  const { state, wantedWorkers, workers, rollingOut } = pool
  const ready = workers.filter((worker) => worker.state === 'ready')
  if (state === 'starting') return `Starting ${count(wantedWorkers)}`
  if (state === 'reloading') {
    const replaced = ready.filter(({ generation }) => generation === rollingOut).length
    return `Reloading: ${replaced} of ${count(wantedWorkers)} of generation ${rollingOut} ready`
  }
  if (state === 'running') return oneLine(`Serving with ${ready.length < wantedWorkers ? `${ready.length} of ` : ''}${count(wantedWorkers)}, generation ${pool.generation.number}${troubles(pool)}`)
  return `Stopping: ${count(workers.length)} left`
}

function troubles ({ isCrashLooping, lastReload }: PoolStatus): string {
  const verdict = lastReload === undefined ? undefined : VERDICTS[lastReload.result]
  return (isCrashLooping ? '; workers crash often, and the next one is started later' : '') +
    (verdict === undefined ? '' : `; the last reload ${verdict}: ${lastReload?.error?.message}`)
}

function count (workers: number): string {
  return `${workers} worker${workers === 1 ? '' : 's'}`
}

function oneLine (text: string): string {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line
}
