import type { Recorder } from '../client-kind.ts'
import type { ConnectionChange } from '../connection-watch.ts'
import { RequestFailure } from '../request-failure.ts'
import type { WorkerIdentity } from '../worker-identity.ts'
import { CONNECTION_WIDTH, eachRow, REQUEST_WIDTH, SIGHTING_WIDTH, type Batch } from './batch.ts'

/** Who is told what the clients of a task reported, and the name of their kind. */
export interface Listener {
  readonly kind: string
  readonly recorder: Recorder
}

/** Tells what the batches of one thread hold, as if its clients were here. */
export class BatchPlayer {
  readonly #listenerOf: (task: number) => Listener
  readonly #onConnectionChange: (change: ConnectionChange, at: number) => void
  readonly #workers: WorkerIdentity[] = []

  constructor (listenerOf: (task: number) => Listener, onConnectionChange: (change: ConnectionChange, at: number) => void) {
    this.#listenerOf = listenerOf
    this.#onConnectionChange = onConnectionChange
  }

  play ({ answered, unprocessed, sightings, workers, failed, connections }: Batch): void {
    this.#workers.push(...workers)
    eachRow(sightings, SIGHTING_WIDTH, (task, number, seenAt, openedAt) => {
      const worker = this.#workers[number] ?? {}
      this.#listenerOf(task).recorder.identified({ worker, seenAt, openedAt: Number.isNaN(openedAt) ? undefined : openedAt })
    })
    eachRow(answered, REQUEST_WIDTH, (task, startedAt, endedAt) => {
      const { kind, recorder } = this.#listenerOf(task)
      recorder.answered({ kind, startedAt, endedAt })
    })
    eachRow(unprocessed, REQUEST_WIDTH, (task, startedAt, endedAt) => {
      const { kind, recorder } = this.#listenerOf(task)
      recorder.unprocessed({ kind, startedAt, endedAt })
    })
    for (const { task, startedAt, endedAt, reason, bytes, connection } of failed) {
      const failure = new RequestFailure(reason, bytes)
      if (connection !== undefined) failure.connection = connection
      const { kind, recorder } = this.#listenerOf(task)
      recorder.failed({ kind, startedAt, endedAt, failure })
    }
    eachRow(connections, CONNECTION_WIDTH, (change, at) => { this.#onConnectionChange(change as ConnectionChange, at) })
  }
}
