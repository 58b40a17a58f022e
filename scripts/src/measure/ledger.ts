import type { ClientKind } from '../clients/client-kind.ts'
import type { FailedRequest, RequestTimes } from '../clients/recorder.ts'
import type { Reload } from '../service/reload.ts'
import { distributionOf } from './distribution.ts'
import { Latencies } from './latencies.ts'
import { ReloadWindows } from './reload-windows.ts'
import type { DistributionReport, FailureReport, KindReport, LatencyReport, ReloadReport } from './report.ts'

const MAX_FAILURES_KEPT = 1000
const MAX_REASONS = 50
const OTHER_REASONS = 'other reasons'

interface Account {
  readonly kind: ClientKind
  readonly latencies: Latencies
  readonly reasons: Map<string, number>
  failures: number
  unprocessed: number
}

/** Counts everything that the clients report, in memory that does not grow with it. */
export class Ledger {
  readonly #startedAt: number
  readonly #accounts: ReadonlyMap<string, Account>
  readonly #windows = new ReloadWindows()
  readonly #failed: FailedRequest[] = []

  /** @param startedAt of `performance.now()`; reported times are relative to it */
  constructor (kinds: readonly ClientKind[], startedAt: number) {
    this.#startedAt = startedAt
    this.#accounts = new Map(kinds.map((kind) => [kind.name, {
      kind, latencies: new Latencies(), reasons: new Map<string, number>(), failures: 0, unprocessed: 0
    }]))
  }

  get requests (): number {
    return this.failures + sum([...this.#accounts.values()].map(({ latencies }) => latencies.count))
  }

  get failures (): number {
    return sum([...this.#accounts.values()].map((account) => account.failures))
  }

  answered (request: RequestTimes): void {
    const { kind, latencies } = this.#account(request)
    latencies.add(request.endedAt - request.startedAt)
    if (kind.isQuick) this.#windows.add(request)
  }

  failed (request: FailedRequest): void {
    const account = this.#account(request)
    const { reason } = request.failure
    const key = account.reasons.has(reason) || account.reasons.size < MAX_REASONS ? reason : OTHER_REASONS
    account.failures++
    account.reasons.set(key, (account.reasons.get(key) ?? 0) + 1)
    if (this.#failed.length < MAX_FAILURES_KEPT) this.#failed.push(request)
  }

  unprocessed (request: RequestTimes): void {
    this.#account(request).unprocessed++
  }

  reloadStarted (): void {
    this.#windows.open()
  }

  reloadEnded (reload: Reload): void {
    this.#windows.close(reload)
  }

  reportKinds (): KindReport[] {
    return [...this.#accounts.values()].map(({ kind, latencies, failures, reasons, unprocessed }) => ({
      name: kind.name,
      clients: kind.count,
      failures,
      reasons: Object.fromEntries(reasons),
      unprocessed,
      ...summarize(latencies)
    }))
  }

  reportReloads (): ReloadReport[] {
    return this.#windows.all.map(({ reload, latencies }) => ({
      ...reload, at: reload.startedAt - this.#startedAt, latencies: summarize(latencies)
    }))
  }

  /** @returns the latencies of quick requests inside and outside reloads */
  reportSides (): { inside: LatencyReport, outside: LatencyReport } {
    return { inside: summarize(this.#windows.inside), outside: summarize(this.#windows.outside) }
  }

  /** @returns the distributions of the same latencies */
  reportDistributions (): DistributionReport {
    return { inside: distributionOf(this.#windows.inside), outside: distributionOf(this.#windows.outside) }
  }

  reportFailed (): FailureReport[] {
    return this.#failed.map((request) => {
      const { kind, startedAt, endedAt, failure } = request
      const lastReload = this.#windows.all.findLast(({ reload }) => reload.startedAt <= endedAt)
      return {
        kind,
        reason: failure.reason,
        at: endedAt - this.#startedAt,
        after: endedAt - startedAt,
        bytes: failure.bytes,
        worker: failure.connection?.worker,
        connectionAge: failure.connection === undefined ? undefined : endedAt - failure.connection.openedAt,
        reload: this.#windows.numberOf(request),
        sinceReload: lastReload === undefined ? undefined : endedAt - lastReload.reload.startedAt
      }
    })
  }

  #account ({ kind }: RequestTimes): Account {
    const account = this.#accounts.get(kind)
    if (account === undefined) throw new Error(`a request of ${kind}, which is not part of the run`)
    return account
  }
}

function summarize (latencies: Latencies): LatencyReport {
  return {
    answered: latencies.count,
    p50: latencies.percentile(0.5),
    p99: latencies.percentile(0.99),
    max: latencies.max
  }
}

function sum (numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
