import type { ClientKind, FailedRequest, Recorder, RequestTimes } from '../clients/client-kind.ts'
import { Latencies } from '../measure/latencies.ts'
import { findExcuse, type Death } from './excuse.ts'

export interface KindResult {
  readonly name: string
  readonly clients: number
  /** All that ended, those that failed included. */
  readonly requests: number
  readonly failures: number
  readonly excused: number
  readonly p99: number
  readonly max: number
}

export interface Judgement {
  readonly kinds: readonly KindResult[]
  readonly requests: number
  /** Those that nothing excuses. */
  readonly failed: readonly FailedRequest[]
  /** How many each death excuses. */
  readonly excused: ReadonlyMap<Death, number>
}

/** Keeps every failure until the end of the run: what excuses it may be known only after it. */
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
      return { request, death: findExcuse({ reason, endedAt, connection }, deaths) }
    })
    const excused = new Map<Death, number>()
    for (const { death } of judged) {
      if (death !== undefined) excused.set(death, (excused.get(death) ?? 0) + 1)
    }
    const kinds = this.#kinds.map(({ name, count }) => {
      const latencies = this.#latencies.get(name) ?? new Latencies()
      const mine = judged.filter(({ request }) => request.kind === name)
      const forgiven = mine.filter(({ death }) => death !== undefined).length
      return {
        name,
        clients: count,
        requests: latencies.count + mine.length,
        failures: mine.length - forgiven,
        excused: forgiven,
        p99: latencies.percentile(0.99),
        max: latencies.max
      }
    })
    return {
      kinds,
      requests: kinds.reduce((sum, { requests }) => sum + requests, 0),
      failed: judged.flatMap(({ request, death }) => death === undefined ? [request] : []),
      excused
    }
  }
}
