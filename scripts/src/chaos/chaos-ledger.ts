import type { ClientKind } from '../clients/client-kind.ts'
import type { FailedRequest, Recorder, RequestTimes } from '../clients/recorder.ts'
import { Latencies } from '../measure/latencies.ts'
import { findCause, type Death } from './cause.ts'

export interface KindResult {
  readonly name: string
  readonly clients: number
  /** All that ended, including those that failed. */
  readonly requests: number
  readonly failures: number
  /** Failed because a worker died. */
  readonly lost: number
  readonly p99: number
  readonly max: number
}

export interface Judgement {
  readonly kinds: readonly KindResult[]
  readonly requests: number
  /** Those that no death caused. */
  readonly failed: readonly FailedRequest[]
  /** How many requests each death cost. */
  readonly lost: ReadonlyMap<Death, number>
}

/** Keeps every failure until the end of the run, because its cause may become known only after it. */
export class ChaosLedger implements Pick<Recorder, 'answered' | 'failed'> {
  readonly #kinds: readonly ClientKind[]
  readonly #latencies: ReadonlyMap<string, Latencies>
  readonly #failed: FailedRequest[] = []

  constructor (kinds: readonly ClientKind[]) {
    this.#kinds = kinds
    this.#latencies = new Map(kinds.map(({ name }) => [name, new Latencies()]))
  }

  answered ({ kind, startedAt, endedAt }: RequestTimes): void {
    this.#latencies.get(kind)?.add(endedAt - startedAt)
  }

  failed (request: FailedRequest): void {
    this.#failed.push(request)
  }

  judge (deaths: readonly Death[]): Judgement {
    const judged = this.#failed.map((request) => {
      const { endedAt, failure: { reason, connection } } = request
      return { request, cause: findCause({ reason, endedAt, connection }, deaths) }
    })
    const lost = new Map<Death, number>()
    for (const { cause } of judged) {
      if (cause !== undefined) lost.set(cause, (lost.get(cause) ?? 0) + 1)
    }
    const kinds = this.#kinds.map(({ name, count }) => {
      const latencies = this.#latencies.get(name) ?? new Latencies()
      const mine = judged.filter(({ request }) => request.kind === name)
      const mineLost = mine.filter(({ cause }) => cause !== undefined).length
      return {
        name,
        clients: count,
        requests: latencies.count + mine.length,
        failures: mine.length - mineLost,
        lost: mineLost,
        p99: latencies.percentile(0.99),
        max: latencies.max
      }
    })
    return {
      kinds,
      requests: kinds.reduce((sum, { requests }) => sum + requests, 0),
      failed: judged.flatMap(({ request, cause }) => cause === undefined ? [request] : []),
      lost
    }
  }
}
