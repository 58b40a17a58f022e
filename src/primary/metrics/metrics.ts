import { NodeMetrics } from '../../node-metrics.ts'
import type { Host } from '../workers/host.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import type { WorkerHandle } from '../workers/worker-handle.ts'
import { Families } from './families.ts'
import { PoolMetrics } from './pool-metrics.ts'
import { WorkerTotals } from './worker-totals.ts'

/** Milliseconds for workers to send their measurements. */
const MEASUREMENT_TIMEOUT = 500

export interface MetricsOptions {
  readonly supervisor: Pick<Supervisor, 'events' | 'generation' | 'measure' | 'on' | 'wantedWorkers' | 'workers'>
  readonly host: Pick<Host, 'now' | 'setTimer'>
  /** Version of Baton. */
  readonly version: string
}

/** The metrics of the primary and of all workers since this was created: see docs/metrics.md. */
export class Metrics {
  readonly contentType = 'text/plain; version=0.0.4; charset=utf-8'
  readonly #supervisor: MetricsOptions['supervisor']
  readonly #host: MetricsOptions['host']
  readonly #pool: PoolMetrics
  readonly #workers = new WorkerTotals()
  readonly #node = new NodeMetrics()
  /** Workers that have been asked for measurements, with the function that ends the wait for each. */
  readonly #pending = new Map<WorkerHandle, () => void>()
  #scrape: Promise<string> | undefined

  constructor ({ supervisor, host, version }: MetricsOptions) {
    this.#supervisor = supervisor
    this.#host = host
    this.#pool = new PoolMetrics(supervisor, version)
    supervisor.on('measurements', (worker, measurements) => {
      if (measurements !== undefined) this.#workers.record(worker, measurements, host.now())
      this.#stopWaiting(worker)
    })
    supervisor.events.on('entry', (entry) => {
      this.#pool.note(entry)
      if (entry.event !== 'worker:exited') return
      this.#workers.settle(host.now())
      for (const worker of this.#pending.keys()) if (worker.state === 'exited') this.#stopWaiting(worker)
    })
  }

  /**
   * Prometheus text format 0.0.4.
   *
   * Asks the workers for their measurements and waits at most 500 ms; a worker that does not answer counts with its
   * previous ones. Scrapes at the same time share one collection.
   */
  async text (): Promise<string> {
    this.#scrape ??= this.#collect().finally(() => { this.#scrape = undefined })
    return await this.#scrape
  }

  async #collect (): Promise<string> {
    await this.#requestMeasurements()
    this.#workers.settle(this.#host.now())
    const families = new Families()
    for (const family of this.#pool.families()) families.add(family)
    this.#workers.addTo(families)
    for (const family of await this.#node.read()) families.add(family, { process: 'primary' })
    return await families.text()
  }

  async #requestMeasurements (): Promise<void> {
    const answers = this.#supervisor.measure().map(async (worker) => {
      await new Promise<void>((resolve) => { this.#pending.set(worker, resolve) })
    })
    await new Promise<void>((resolve, reject) => {
      const timer = this.#host.setTimer(MEASUREMENT_TIMEOUT, resolve)
      Promise.all(answers).then(() => {
        timer.clear()
        resolve()
      }, reject)
    })
    this.#pending.clear()
  }

  #stopWaiting (worker: WorkerHandle): void {
    this.#pending.get(worker)?.()
  }
}
