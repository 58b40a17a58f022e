import type { FailedRequest, RequestTimes, WorkerSighting } from '../clients/recorder.ts'
import { Latencies } from './latencies.ts'

/** Milliseconds since its last answer for which a worker is shown. */
const SHOWN_FOR = 3000

/** How far a run is. Milliseconds. */
export interface Progress {
  /** Since the start. */
  readonly elapsed: number
  /** How long the run should take. */
  readonly duration: number
  readonly requests: number
  readonly failures: number
  /** Requests a second since the last progress. */
  readonly rate: number
  /** Of the quick kinds since the last progress; undefined when none was answered. */
  readonly latencies: { readonly p50: number, readonly p99: number } | undefined
  /** All that have answered so far, in ascending order. */
  readonly generations: readonly number[]
  /** How many workers of each generation have answered recently, the newest generation first. */
  readonly workers: ReadonlyArray<{ readonly generation: number, readonly count: number }>
  readonly reloads: { readonly wanted: number, readonly ended: number }
  /** How long the reload in progress has taken; undefined when there is none. */
  readonly reloading: number | undefined
}

/** Keeps what is shown of a run in progress; the report is made elsewhere. Times are of `performance.now()`. */
export class ProgressWatch {
  readonly #startedAt: number
  readonly #goal: { readonly duration: number, readonly reloads: number }
  readonly #generations = new Set<number>()
  readonly #lastSeen = new Map<string, { readonly generation: number, readonly at: number }>()
  #requests = 0
  #failures = 0
  #ended = 0
  #reloadStartedAt: number | undefined
  #last: { readonly at: number, readonly requests: number }
  #latencies = new Latencies()

  constructor (startedAt: number, goal: { readonly duration: number, readonly reloads: number }) {
    this.#startedAt = startedAt
    this.#goal = goal
    this.#last = { at: startedAt, requests: 0 }
  }

  get generations (): number[] {
    return [...this.#generations].sort((a, b) => a - b)
  }

  answered ({ startedAt, endedAt }: RequestTimes, isQuick: boolean): void {
    this.#requests++
    if (isQuick) this.#latencies.add(endedAt - startedAt)
  }

  failed (_request: FailedRequest): void {
    this.#requests++
    this.#failures++
  }

  identified ({ worker: { generation, slot, pid }, seenAt }: WorkerSighting): void {
    if (generation === undefined) return
    this.#generations.add(generation)
    this.#lastSeen.set(`${slot}/${pid}`, { generation, at: seenAt })
  }

  reloadStarted (now: number): void {
    this.#reloadStartedAt = now
  }

  reloadEnded (): void {
    this.#reloadStartedAt = undefined
    this.#ended++
  }

  /** @returns the progress since the last call */
  take (now: number): Progress {
    const { duration, reloads } = this.#goal
    const rate = (this.#requests - this.#last.requests) / Math.max(1, now - this.#last.at) * 1000
    const latencies = this.#latencies
    this.#last = { at: now, requests: this.#requests }
    this.#latencies = new Latencies()
    return {
      elapsed: now - this.#startedAt,
      duration,
      requests: this.#requests,
      failures: this.#failures,
      rate,
      latencies: latencies.count === 0 ? undefined : { p50: latencies.percentile(0.5), p99: latencies.percentile(0.99) },
      generations: this.generations,
      workers: this.#workersAt(now),
      reloads: { wanted: reloads, ended: this.#ended },
      reloading: this.#reloadStartedAt === undefined ? undefined : now - this.#reloadStartedAt
    }
  }

  #workersAt (now: number): Array<{ generation: number, count: number }> {
    const counts = new Map<number, number>()
    for (const [worker, { generation, at }] of this.#lastSeen) {
      if (now - at > SHOWN_FOR) this.#lastSeen.delete(worker)
      else counts.set(generation, (counts.get(generation) ?? 0) + 1)
    }
    return [...counts].map(([generation, count]) => ({ generation, count })).sort((a, b) => b.generation - a.generation)
  }
}
