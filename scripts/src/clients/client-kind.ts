import { ClientLoop } from './client-loop.ts'
import type { RequestFailure } from './request-failure.ts'
import type { Target } from './target.ts'
import type { WorkerIdentity } from './worker-identity.ts'

/** A sort of client: how it uses its connections, and what it asks for. */
export interface ClientKind {
  readonly name: string
  /** How many of them there are at once. */
  readonly count: number
  /**
   * Whether its requests take only as long as the server needs. The others wait on purpose, in the
   * server or between the pieces of a body, and say nothing about how quick it is.
   */
  readonly isQuick: boolean
  /**
   * Runs all clients of the kind until `context.signal`, then finishes the requests in progress.
   *
   * None of them ever repeats a request. It rejects only for a fault of this program.
   */
  readonly run: (context: ClientContext) => Promise<void>
}

export interface ClientContext {
  readonly target: Target
  /** After it, no request is started. */
  readonly signal: AbortSignal
  /** Milliseconds that one request may take; also the limit of opening a connection. */
  readonly timeout: number
  /** A client that has made so many requests stops. */
  readonly maxRequests: number
  /** From 0 up to 1, as `Math.random`. */
  readonly random: () => number
  readonly recorder: Recorder
}

/** Who counts. Times are of `performance.now()`. */
export interface Recorder {
  readonly answered: (request: RequestTimes) => void
  readonly failed: (request: FailedRequest) => void
  /** HTTP/2 can say that a request was not processed: neither a success nor a failure. */
  readonly unprocessed: (request: RequestTimes) => void
  /** An answer said which worker gave it. */
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
  /** When the connection was opened; not known of undici's. */
  readonly openedAt: number | undefined
}

/**
 * @param traits what is to be known of the kind
 * @param runClient runs one of its clients, `index` of `count`
 */
export function createClientKind (
  traits: Pick<ClientKind, 'name' | 'count' | 'isQuick'>,
  runClient: (loop: ClientLoop, context: ClientContext, index: number) => Promise<void>
): ClientKind {
  return {
    ...traits,
    async run (context) {
      await Promise.all(Array.from({ length: traits.count }, async (_, index) => {
        await runClient(new ClientLoop(traits.name, context), context, index)
      }))
    }
  }
}
