import type { ReloadOutcome } from '../supervisor/reload-outcome.ts'
import type { SupervisorState } from '../supervisor/supervisor.ts'
import type { WorkerState } from '../workers/worker-handle.ts'

/** What the status line says about a pool; a Supervisor has it. */
export interface PoolStatus {
  readonly state: SupervisorState
  readonly generation: { readonly number: number }
  /** Generation that is being rolled out. */
  readonly rollingOut: number | undefined
  /** How many workers there should be. */
  readonly wantedWorkers: number
  readonly workers: ReadonlyArray<{ readonly state: WorkerState, readonly generation: number }>
  readonly isCrashLooping: boolean
  readonly lastReload: ReloadOutcome | undefined
}

/** The line is for a terminal, and an application's error message may be long. */
const MAX_LENGTH = 200

const FAILURES: { readonly [Result in ReloadOutcome['result']]?: string } = { failed: 'failed', refused: 'was refused' }

/** @returns the line that `systemctl status` shows */
export function statusLine (pool: PoolStatus): string {
  const { state, wantedWorkers, workers, rollingOut } = pool
  const ready = workers.filter((worker) => worker.state === 'ready')
  if (state === 'starting') return `Starting ${count(wantedWorkers)}`
  if (state === 'reloading') {
    const replaced = ready.filter(({ generation }) => generation === rollingOut).length
    return `Reloading: ${replaced} of ${count(wantedWorkers)} of generation ${rollingOut} ready`
  }
  if (state === 'running') {
    const served = ready.length < wantedWorkers ? `${ready.length} of ` : ''
    return oneLine(`Serving with ${served}${count(wantedWorkers)}, generation ${pool.generation.number}${describeProblems(pool)}`)
  }
  return `Stopping: ${count(workers.length)} left`
}

function describeProblems ({ isCrashLooping, lastReload }: PoolStatus): string {
  const failure = lastReload === undefined ? undefined : FAILURES[lastReload.result]
  return (isCrashLooping ? '; workers crash often, restarts are delayed' : '') +
    (failure === undefined ? '' : `; the last reload ${failure}: ${lastReload?.error?.message}`)
}

function count (workers: number): string {
  return `${workers} worker${workers === 1 ? '' : 's'}`
}

function oneLine (text: string): string {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH - 1)}…` : line
}
