import type { ConnectionChange } from '../clients/connection-watch.ts'
import type { RequestTimes, WorkerSighting } from '../clients/recorder.ts'
import type { WorkerIdentity } from '../clients/worker-identity.ts'
import { Latencies } from './latencies.ts'

/**
 * A run in equal slices of time, as plain data. Lists of numbers have an element for each slice; the last
 * slice is incomplete when the run ends within it.
 */
export interface TimelineReport {
  /** Milliseconds of a slice. */
  readonly interval: number
  /** Requests of all kinds that were answered. */
  readonly answered: readonly number[]
  readonly failed: readonly number[]
  /** Milliseconds, of the quick kinds; null when none was answered. */
  readonly p50: ReadonlyArray<number | null>
  readonly p99: ReadonlyArray<number | null>
  readonly max: ReadonlyArray<number | null>
  /** Open at the end of the slice. */
  readonly connections: readonly number[]
  readonly workers: readonly WorkerShare[]
}

/** The answers that name one worker. */
export interface WorkerShare {
  /** Undefined when the answers do not name it. */
  readonly slot: number | undefined
  readonly generation: number | undefined
  readonly pid: number | undefined
  /** The slice that the first element of `answered` belongs to. */
  readonly first: number
  readonly answered: readonly number[]
}

interface Slice {
  answered: number
  failed: number
  /** Connections opened, minus those closed. */
  change: number
  readonly latencies: Latencies
  readonly workers: Map<string, number>
}

const MAX_SLICES = 1200
const INTERVALS: ReadonlyArray<readonly [longest: number, interval: number]> = [[5_000, 100], [30_000, 250]]
const LONGEST_INTERVAL = 500

/** @returns milliseconds: fine enough to see a reload, and coarse enough for a percentile */
export function chooseInterval (duration: number): number {
  return INTERVALS.find(([longest]) => duration <= longest)?.[1] ?? LONGEST_INTERVAL
}

/**
 * Records a run over time: what ended in which slice of it, reported in any order.
 *
 * Its memory is bounded: beyond 1200 slices, each two are merged, and only detail is lost.
 */
export class Timeline {
  readonly #startedAt: number
  readonly #identities = new Map<string, WorkerIdentity>()
  #interval: number
  #slices: Slice[] = []

  /**
   * @param startedAt of `performance.now()`, as all times that are reported to it
   * @param interval milliseconds
   */
  constructor (startedAt: number, interval: number) {
    this.#startedAt = startedAt
    this.#interval = interval
  }

  /** @param isQuick whether the latency tells how quick the server is */
  answered ({ startedAt, endedAt }: RequestTimes, isQuick: boolean): void {
    const slice = this.#at(endedAt)
    slice.answered++
    if (isQuick) slice.latencies.add(endedAt - startedAt)
  }

  failed ({ endedAt }: RequestTimes): void {
    this.#at(endedAt).failed++
  }

  identified ({ worker, seenAt }: WorkerSighting): void {
    const key = `${worker.slot}/${worker.generation}/${worker.pid}`
    if (!this.#identities.has(key)) this.#identities.set(key, worker)
    const { workers } = this.#at(seenAt)
    workers.set(key, (workers.get(key) ?? 0) + 1)
  }

  connectionChanged (change: ConnectionChange, at: number): void {
    this.#at(at).change += change
  }

  report (): TimelineReport {
    const slices = this.#slices
    const latencies = slices.map((slice) => slice.latencies)
    let open = 0
    return {
      interval: this.#interval,
      answered: slices.map((slice) => slice.answered),
      failed: slices.map((slice) => slice.failed),
      p50: latencies.map((all) => all.count === 0 ? null : all.percentile(0.5)),
      p99: latencies.map((all) => all.count === 0 ? null : all.percentile(0.99)),
      max: latencies.map((all) => all.count === 0 ? null : all.max),
      connections: slices.map(({ change }) => { open += change; return open }),
      workers: [...this.#identities].map(([key, worker]) => this.#reportWorker(key, worker)).sort(bySlot)
    }
  }

  #reportWorker (key: string, { slot, generation, pid }: WorkerIdentity): WorkerShare {
    const first = this.#slices.findIndex(({ workers }) => workers.has(key))
    const last = this.#slices.findLastIndex(({ workers }) => workers.has(key))
    const answered = this.#slices.slice(first, last + 1).map(({ workers }) => workers.get(key) ?? 0)
    return { slot, generation, pid, first, answered }
  }

  #at (time: number): Slice {
    let index = this.#indexOf(time)
    while (index >= MAX_SLICES) {
      this.#mergePairs()
      index = this.#indexOf(time)
    }
    while (this.#slices.length <= index) this.#slices.push(createSlice())
    return this.#slices[index] as Slice
  }

  #indexOf (time: number): number {
    return Math.max(0, Math.floor((time - this.#startedAt) / this.#interval))
  }

  #mergePairs (): void {
    this.#interval *= 2
    for (const [index, slice] of this.#slices.entries()) {
      if (index % 2 === 1) mergeSlice(this.#slices[index - 1] as Slice, slice)
    }
    this.#slices = this.#slices.filter((_, index) => index % 2 === 0)
  }
}

function createSlice (): Slice {
  return { answered: 0, failed: 0, change: 0, latencies: new Latencies(), workers: new Map() }
}

function mergeSlice (slice: Slice, next: Slice): void {
  slice.answered += next.answered
  slice.failed += next.failed
  slice.change += next.change
  slice.latencies.merge(next.latencies)
  for (const [key, count] of next.workers) slice.workers.set(key, (slice.workers.get(key) ?? 0) + count)
}

function bySlot (one: WorkerShare, other: WorkerShare): number {
  return (one.slot ?? 0) - (other.slot ?? 0) || (one.generation ?? 0) - (other.generation ?? 0) || one.first - other.first
}
