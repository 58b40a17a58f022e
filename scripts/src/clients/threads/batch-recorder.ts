import type { FailedRequest, Recorder, RequestTimes, WorkerSighting } from '../client-kind.ts'
import type { ConnectionTrace } from '../connection-trace.ts'
import type { ConnectionChange } from '../connection-watch.ts'
import type { WorkerIdentity } from '../worker-identity.ts'
import type { Batch, BatchedFailure } from './batch.ts'

/** Collects in a thread what its clients report, until it is taken. */
export class BatchRecorder {
  /** Is added to the times of this thread. */
  readonly #shift: number
  /** Their numbers. */
  readonly #workers = new Map<string, number>()
  #newWorkers: WorkerIdentity[] = []
  #answered: number[] = []
  #unprocessed: number[] = []
  #sightings: number[] = []
  #failed: BatchedFailure[] = []
  #connections: number[] = []

  /** @param timeOrigin of the clock that the batches are to be of */
  constructor (timeOrigin: number) {
    this.#shift = performance.timeOrigin - timeOrigin
  }

  /** @returns who counts for the clients of a task */
  recorderOf (task: number): Recorder {
    const shift = this.#shift
    return {
      answered: ({ startedAt, endedAt }: RequestTimes) => { this.#answered.push(task, startedAt + shift, endedAt + shift) },
      unprocessed: ({ startedAt, endedAt }: RequestTimes) => { this.#unprocessed.push(task, startedAt + shift, endedAt + shift) },
      identified: ({ worker, seenAt, openedAt = NaN }: WorkerSighting) => {
        this.#sightings.push(task, this.#numberOf(worker), seenAt + shift, openedAt + shift)
      },
      failed: ({ startedAt, endedAt, failure: { reason, bytes, connection } }: FailedRequest) => {
        this.#failed.push({
          task,
          startedAt: startedAt + shift,
          endedAt: endedAt + shift,
          reason,
          bytes,
          connection: connection === undefined ? undefined : shiftTrace(connection, shift)
        })
      }
    }
  }

  connectionChanged (change: ConnectionChange, at: number): void {
    this.#connections.push(change, at + this.#shift)
  }

  /** @returns all since the last call; undefined when there is nothing */
  take (): Batch | undefined {
    const isEmpty = [this.#answered, this.#unprocessed, this.#sightings, this.#failed, this.#connections].every(({ length }) => length === 0)
    if (isEmpty) return undefined
    const batch: Batch = {
      answered: Float64Array.from(this.#answered),
      unprocessed: Float64Array.from(this.#unprocessed),
      sightings: Float64Array.from(this.#sightings),
      workers: this.#newWorkers,
      failed: this.#failed,
      connections: Float64Array.from(this.#connections)
    }
    this.#newWorkers = []
    this.#answered = []
    this.#unprocessed = []
    this.#sightings = []
    this.#failed = []
    this.#connections = []
    return batch
  }

  /** The server may say more of itself than is of use. */
  #numberOf ({ slot, generation, pid }: WorkerIdentity): number {
    const key = `${slot}/${generation}/${pid}`
    const known = this.#workers.get(key)
    if (known !== undefined) return known
    const number = this.#workers.size
    this.#workers.set(key, number)
    this.#newWorkers.push({ ...slot === undefined ? {} : { slot }, ...generation === undefined ? {} : { generation }, ...pid === undefined ? {} : { pid } })
    return number
  }
}

function shiftTrace (trace: ConnectionTrace, shift: number): ConnectionTrace {
  const { sentAt, closedAt } = trace
  return {
    ...trace,
    openedAt: trace.openedAt + shift,
    ...sentAt === undefined ? {} : { sentAt: sentAt + shift },
    ...closedAt === undefined ? {} : { closedAt: closedAt + shift }
  }
}
