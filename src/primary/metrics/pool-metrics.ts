import type { MetricFamily } from '../../protocol/measurements.ts'
import type { CrashReason, Entry } from '../events.ts'
import type { ReloadOutcome } from '../supervisor/reload-outcome.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import type { WorkerState } from '../workers/worker-handle.ts'
import { family, histogramValues } from './families.ts'

/** Upper bounds of the buckets, in seconds. */
const RELOAD_BOUNDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]
const DRAIN_BOUNDS = [0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 90, 120, 300]

/** Every possible label, so that each series starts at 0: Prometheus cannot see an increase from no series to 1. */
const RESULTS = ['completed', 'failed', 'refused', 'overtaken', 'stopped'] as const satisfies ReadonlyArray<ReloadOutcome['result']>
const REASONS = ['signal', 'code', 'itself', 'error', 'hang', 'start', 'limit', 'sigterm'] as const satisfies ReadonlyArray<CrashReason | 'limit' | 'sigterm'>
const STATES = ['starting', 'ready', 'hung', 'draining'] as const satisfies readonly WorkerState[]

/** Metrics of what the supervisor does. */
export class PoolMetrics {
  readonly #supervisor: Pick<Supervisor, 'generation' | 'wantedWorkers' | 'workers'>
  readonly #version: string
  readonly #reloads = new Tally(RESULTS)
  readonly #restarts = new Tally(REASONS)
  readonly #reloadDurations = new Durations(RELOAD_BOUNDS)
  readonly #drainDurations = new Durations(DRAIN_BOUNDS)
  #cut = 0

  constructor (supervisor: Pick<Supervisor, 'generation' | 'wantedWorkers' | 'workers'>, version: string) {
    this.#supervisor = supervisor
    this.#version = version
  }

  note (entry: Entry): void {
    if (entry.event === 'reload:settled') {
      this.#reloads.add(entry.result)
      if (entry.result === 'completed') this.#reloadDurations.add(entry.durationMs)
    } else if (entry.event === 'worker:crashed') {
      this.#restarts.add(entry.reason)
    } else if (entry.event === 'worker:stale') {
      this.#restarts.add(entry.limit === 'SIGTERM' ? 'sigterm' : 'limit')
    } else if (entry.event === 'worker:exited' && entry.durationMs !== undefined) {
      this.#drainDurations.add(entry.durationMs)
      this.#cut += entry.cut ?? 0
    }
  }

  families (): MetricFamily[] {
    const { generation, wantedWorkers, workers } = this.#supervisor
    const count = (state: WorkerState): number => workers.filter((worker) => worker.state === state).length
    return [
      family('baton_info', 'gauge', 'Versions of Baton and of its Node.', [[1, { version: this.#version, node: process.version }]]),
      family('baton_generation', 'gauge', 'Generation in force: 1 at the start, one more with each reload.', [[generation.number]]),
      family('baton_workers_wanted', 'gauge', 'How many workers there should be.', [[wantedWorkers]]),
      family('baton_workers', 'gauge', 'Workers there are, by state.', STATES.map((state) => [count(state), { state }])),
      family('baton_reloads_total', 'counter', 'Reloads that have ended, by how they did.', this.#reloads.values('result')),
      this.#reloadDurations.family('baton_reload_duration_seconds', 'Duration of the reloads that completed.'),
      family('baton_restarts_total', 'counter', 'Workers that ended unexpectedly, or were relieved for another reason than a reload.',
        this.#restarts.values('reason')),
      this.#drainDurations.family('baton_drain_duration_seconds', 'From the start of a worker\'s drain to its exit.'),
      family('baton_requests_cut_total', 'counter', 'Requests that a worker held when it was killed at its drain deadline.', [[this.#cut]])
    ]
  }
}

class Tally<Name extends string> {
  readonly #counts: Map<Name, number>

  constructor (names: readonly Name[]) {
    this.#counts = new Map(names.map((name) => [name, 0]))
  }

  add (name: Name): void {
    this.#counts.set(name, this.#counts.get(name) as number + 1)
  }

  values (label: string): Array<readonly [number, Record<string, string>]> {
    return [...this.#counts].map(([name, count]) => [count, { [label]: name }])
  }
}

class Durations {
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  #sum = 0

  constructor (bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = Array<number>(bounds.length + 1).fill(0)
  }

  add (milliseconds: number): void {
    const seconds = milliseconds / 1000
    const bucket = this.#bounds.filter((bound) => bound < seconds).length
    this.#counts[bucket] = this.#counts[bucket] as number + 1
    this.#sum += seconds
  }

  family (name: string, help: string): MetricFamily {
    return { name, help, type: 'histogram', values: histogramValues(name, {}, this.#bounds, this.#counts, this.#sum) }
  }
}
