import type { RequestTimes, WorkerSighting } from '../clients/client-kind.ts'
import type { ConnectionChange } from '../clients/connection-watch.ts'
import { Latencies } from './latencies.ts'
import type { WorkerIdentity } from '../clients/worker-identity.ts'

/**
 * A run in equal pieces of time, free of classes. Lists of numbers have an element a piece; the last
 * piece is not over when the run ends within it.
 */
export interface TimelineReport {
  /** Milliseconds that a piece lasts. */
  readonly interval: number
  /** Requests of all kinds that were answered. */
  readonly answered: readonly number[]
  readonly failed: readonly number[]
  /** Milliseconds, of the quick kinds; null where none was answered. */
  readonly p50: ReadonlyArray<number | null>
  readonly p99: ReadonlyArray<number | null>
  readonly max: ReadonlyArray<number | null>
  /** Open at the end of the piece. */
  readonly connections: readonly number[]
  readonly workers: readonly WorkerShare[]
}

/** The answers that say who gave them, of one worker. */
export interface WorkerShare {
  /** Undefined when the answers do not say. */
  readonly slot: number | undefined
  readonly generation: number | undefined
  readonly pid: number | undefined
  /** The piece that the first element of `answered` belongs to. */
  readonly first: number
  readonly answered: readonly number[]
}

interface Piece {
  answered: number
  failed: number
  /** Connections opened, less those closed. */
  change: number
  readonly latencies: Latencies
  readonly workers: Map<string, number>
}

const MAX_PIECES = 1200
const INTERVALS: ReadonlyArray<readonly [longest: number, interval: number]> = [[5_000, 100], [30_000, 250]]
const LONGEST_INTERVAL = 500

/** @returns milliseconds: fine enough to see a reload, and coarse enough for a percentile */
export function chooseInterval (duration: number): number {
  return INTERVALS.find(([longest]) => duration <= longest)?.[1] ?? LONGEST_INTERVAL
}

/**
 * Records a run over time: what ended in which piece of it, in whatever order it is told.
 *
 * Its memory is bounded: when there are 1200 pieces, each two become one, and nothing is lost but detail.
 */
export class Timeline {
  readonly #startedAt: number
  readonly #identities = new Map<string, WorkerIdentity>()
  #interval: number
  #pieces: Piece[] = []

  /**
   * @param startedAt of `performance.now()`, as all times that it is told
   * @param interval milliseconds
   */
  constructor (startedAt: number, interval: number) {
    this.#startedAt = startedAt
    this.#interval = interval
  }

  /** @param isQuick whether the latency says how quick the server is */
  answered ({ startedAt, endedAt }: RequestTimes, isQuick: boolean): void {
    const piece = this.#at(endedAt)
    piece.answered++
    if (isQuick) piece.latencies.add(endedAt - startedAt)
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
    const pieces = this.#pieces
    const latencies = pieces.map((piece) => piece.latencies)
    let open = 0
    return {
      interval: this.#interval,
      answered: pieces.map((piece) => piece.answered),
      failed: pieces.map((piece) => piece.failed),
      p50: latencies.map((all) => all.count === 0 ? null : all.percentile(0.5)),
      p99: latencies.map((all) => all.count === 0 ? null : all.percentile(0.99)),
      max: latencies.map((all) => all.count === 0 ? null : all.max),
      connections: pieces.map(({ change }) => { open += change; return open }),
      workers: [...this.#identities].map(([key, worker]) => this.#reportWorker(key, worker)).sort(bySlot)
    }
  }

  #reportWorker (key: string, { slot, generation, pid }: WorkerIdentity): WorkerShare {
    const first = this.#pieces.findIndex(({ workers }) => workers.has(key))
    const last = this.#pieces.findLastIndex(({ workers }) => workers.has(key))
    const answered = this.#pieces.slice(first, last + 1).map(({ workers }) => workers.get(key) ?? 0)
    return { slot, generation, pid, first, answered }
  }

  #at (time: number): Piece {
    let index = this.#indexOf(time)
    while (index >= MAX_PIECES) {
      this.#halve()
      index = this.#indexOf(time)
    }
    while (this.#pieces.length <= index) this.#pieces.push(createPiece())
    return this.#pieces[index] as Piece
  }

  #indexOf (time: number): number {
    return Math.max(0, Math.floor((time - this.#startedAt) / this.#interval))
  }

  #halve (): void {
    this.#interval *= 2
    for (const [index, piece] of this.#pieces.entries()) {
      if (index % 2 === 1) mergePiece(this.#pieces[index - 1] as Piece, piece)
    }
    this.#pieces = this.#pieces.filter((_, index) => index % 2 === 0)
  }
}

function createPiece (): Piece {
  return { answered: 0, failed: 0, change: 0, latencies: new Latencies(), workers: new Map() }
}

function mergePiece (piece: Piece, next: Piece): void {
  piece.answered += next.answered
  piece.failed += next.failed
  piece.change += next.change
  piece.latencies.merge(next.latencies)
  for (const [key, count] of next.workers) piece.workers.set(key, (piece.workers.get(key) ?? 0) + count)
}

function bySlot (one: WorkerShare, other: WorkerShare): number {
  return (one.slot ?? 0) - (other.slot ?? 0) || (one.generation ?? 0) - (other.generation ?? 0) || one.first - other.first
}
