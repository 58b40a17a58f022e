import type { RequestFailure } from './request-failure.ts'
import type { WorkerIdentity } from './worker-identity.ts'

/** Counts what clients report. Times are of `performance.now()`. */
export interface Recorder {
  readonly answered: (request: RequestTimes) => void
  readonly failed: (request: FailedRequest) => void
  /** HTTP/2 can say that a request was not processed: neither a success nor a failure. */
  readonly unprocessed: (request: RequestTimes) => void
  /** An answer named the worker that gave it. */
  readonly identified: (sighting: WorkerSighting) => void
}

export interface RequestTimes {
  /** The name of the kind. */
  readonly kind: string
  readonly startedAt: number
  readonly endedAt: number
}

export interface FailedRequest extends RequestTimes {
  readonly failure: RequestFailure
}

export interface WorkerSighting {
  readonly worker: WorkerIdentity
  readonly seenAt: number
  /** When the connection was opened; unknown for connections of undici. */
  readonly openedAt: number | undefined
}
