import type { ConnectionTrace } from '../connection-trace.ts'
import type { WorkerIdentity } from '../worker-identity.ts'

/**
 * What the clients of a thread have reported since the batch before. A task goes by its index.
 *
 * What each request brings is numbers in rows, whose memory changes hands: objects would be copied one by one, by
 * both sides, and the side that counts would be the first to have no time.
 */
export interface Batch {
  /** Rows of task, start and end. */
  readonly answered: Float64Array
  readonly unprocessed: Float64Array
  /** Rows of task, number of the worker, when it was seen, and when the connection was opened: NaN when that is not known. */
  readonly sightings: Float64Array
  /** Those that are new; over all batches of a thread they are numbered from 0. */
  readonly workers: readonly WorkerIdentity[]
  readonly failed: readonly BatchedFailure[]
  /** Rows of change (1 or -1) and when. */
  readonly connections: Float64Array
}

/** Numbers in a row. */
export const REQUEST_WIDTH = 3
export const SIGHTING_WIDTH = 4
export const CONNECTION_WIDTH = 2

export interface BatchedFailure {
  readonly task: number
  readonly startedAt: number
  readonly endedAt: number
  readonly reason: string
  readonly bytes: number
  readonly connection: ConnectionTrace | undefined
}

/** @returns the memory of a batch that need not be copied */
export function memoryOf ({ answered, unprocessed, sightings, connections }: Batch): ArrayBuffer[] {
  return [answered, unprocessed, sightings, connections].map(({ buffer }) => buffer as ArrayBuffer)
}

/** Calls `use` with each row of so many numbers, four at most. */
export function eachRow (numbers: Float64Array, width: number, use: (first: number, second: number, third: number, fourth: number) => void): void {
  for (let at = 0; at < numbers.length; at += width) {
    use(numbers[at] ?? NaN, numbers[at + 1] ?? NaN, numbers[at + 2] ?? NaN, numbers[at + 3] ?? NaN)
  }
}
