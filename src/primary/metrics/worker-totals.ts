import type { Measurements, MetricFamily, MetricValue } from '../../protocol/measurements.ts'
import type { WorkerHandle } from '../workers/worker-handle.ts'
import { family, type Families } from './families.ts'
import { RequestTotals } from './request-totals.ts'

/** Milliseconds after a worker's exit during which its last measurements may still arrive. */
const LAST_MEASUREMENTS_TIMEOUT = 1000

type Worker = Pick<WorkerHandle, 'id' | 'slot' | 'state'>

interface Account {
  readonly worker: Worker
  measurements: Measurements
  exitedAt: number | undefined
}

/** Values of the counters of a slot, by name and labels. */
type Counters = Map<string, { readonly of: MetricFamily, readonly value: MetricValue }>

/**
 * What all workers have measured, including those that have exited, so that counters never go backwards.
 *
 * A worker that was killed counts with the last measurements that it sent.
 */
export class WorkerTotals {
  readonly #accounts = new Map<Worker, Account>()
  /** Workers whose measurements are in the totals. */
  readonly #settled = new WeakSet<Worker>()
  readonly #requests = new RequestTotals()
  readonly #slots = new Map<number, Counters>()
  #shed = 0
  #closedAtDeadline = 0

  record (worker: Worker, measurements: Measurements, now: number): void {
    this.settle(now)
    if (this.#settled.has(worker)) return
    const account = this.#accounts.get(worker) ?? { worker, measurements, exitedAt: undefined }
    account.measurements = measurements
    this.#accounts.set(worker, account)
  }

  /** Adds the measurements of workers that exited a while ago to the totals. */
  settle (now: number): void {
    for (const account of this.#accounts.values()) {
      const { worker, measurements } = account
      if (worker.state !== 'exited') continue
      account.exitedAt ??= now
      if (now - account.exitedAt < LAST_MEASUREMENTS_TIMEOUT) continue
      this.#accounts.delete(worker)
      this.#settled.add(worker)
      this.#requests.add(measurements.requests)
      this.#shed += measurements.shed
      this.#closedAtDeadline += measurements.closedAtDeadline
      addCounters(this.#countersOf(worker.slot), measurements.node)
    }
  }

  addTo (families: Families): void {
    const all = [...this.#accounts.values()]
    const living = all.filter(({ worker }) => worker.state !== 'exited')
    const sum = (accounts: readonly Account[], count: (measurements: Measurements) => number): number =>
      accounts.reduce((total, { measurements }) => total + count(measurements), 0)

    families.add(this.#requests.family(all.map(({ measurements }) => measurements.requests)))
    families.add(family('baton_http_requests_in_flight', 'gauge', 'Requests whose answer is not finished.',
      [[sum(living, ({ inFlight }) => inFlight)]]))
    families.add(family('baton_connections', 'gauge', 'Open connections of clients, those of draining workers included.',
      [[sum(living, ({ connections }) => connections)]]))
    families.add(family('baton_shed_requests_total', 'counter', 'Requests that were answered 503 because their worker was under pressure.',
      [[this.#shed + sum(all, ({ shed }) => shed)]]))
    families.add(family('baton_connections_closed_at_deadline_total', 'counter',
      'Idle connections that a draining worker closed, because its deadline was near or the service stopped.',
      [[this.#closedAtDeadline + sum(all, ({ closedAtDeadline }) => closedAtDeadline)]]))
    this.#addNode(families, all, living)
  }

  #addNode (families: Families, all: readonly Account[], living: readonly Account[]): void {
    for (const slot of new Set([...this.#slots.keys(), ...all.map(({ worker }) => worker.slot)])) {
      const labels = { process: 'worker', slot: String(slot) }
      const counters: Counters = new Map(this.#countersOf(slot))
      for (const { worker, measurements } of all) if (worker.slot === slot) addCounters(counters, measurements.node)
      for (const { of, value } of counters.values()) families.add({ ...of, values: [value] }, labels)
      const newest = living.filter(({ worker }) => worker.slot === slot).sort((one, other) => one.worker.id - other.worker.id).at(-1)
      for (const gauge of newest?.measurements.node ?? []) if (gauge.type === 'gauge') families.add(gauge, labels)
    }
  }

  #countersOf (slot: number): Counters {
    const counters = this.#slots.get(slot) ?? new Map()
    this.#slots.set(slot, counters)
    return counters
  }
}

function addCounters (counters: Counters, families: readonly MetricFamily[]): void {
  for (const of of families) {
    if (of.type === 'gauge') continue
    for (const value of of.values) {
      const key = JSON.stringify([of.name, value.metricName, value.labels])
      const before = counters.get(key)?.value.value ?? 0
      counters.set(key, { of, value: { ...value, value: before + value.value } })
    }
  }
}
