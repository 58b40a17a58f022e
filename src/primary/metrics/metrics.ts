import { NodeMetrics } from '../../node-metrics.ts'
import type { Host } from '../workers/host.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import type { WorkerHandle } from '../workers/worker-handle.ts'
import { Families } from './families.ts'
import { PoolMetrics } from './pool-metrics.ts'
import { WorkerTotals } from './worker-totals.ts'

/** Milliseconds that workers have to send their measurements. */
const TIMEOUT = 500

export interface MetricsOptions {
  readonly supervisor: Pick<Supervisor, 'events' | 'generation' | 'measure' | 'on' | 'wantedWorkers' | 'workers'>
  readonly host: Pick<Host, 'now' | 'setTimer'>
  /** Of Baton. */
  readonly version: string
}

/**
 * The metrics of the primary and of all workers there were, from its creation on: docs/metrics.md.
 */
export class Metrics {
  readonly contentType = 'text/plain; version=0.0.4; charset=utf-8'
  readonly #supervisor: MetricsOptions['supervisor']
  readonly #host: MetricsOptions['host']
  readonly #pool: PoolMetrics
  readonly #workers = new WorkerTotals()
  readonly #node = new NodeMetrics()
  /** Those that were asked, and who waits for their answer. */
  readonly #asked = new Map<WorkerHandle, () => void>()
  #scrape: Promise<string> | undefined

  constructor ({ supervisor, host, version }: MetricsOptions) {
    this.#supervisor = supervisor
    this.#host = host
    this.#pool = new PoolMetrics(supervisor, version)
    supervisor.on('measurements', (worker, measurements) => {
      if (measurements !== undefined) this.#workers.record(worker, measurements, host.now())
      this.#hasAnswered(worker)
    })
    supervisor.events.on('entry', (entry) => {
      this.#pool.note(entry)
      if (entry.event !== 'worker:exited') return
      this.#workers.settle(host.now())
      for (const worker of this.#asked.keys()) if (worker.state === 'exited') this.#hasAnswered(worker)
    })
  }

  /**
   * Prometheus text format 0.0.4.
   *
   * Asks the workers for their measurements and waits at most 500 ms; one that does not answer counts with its last
   * ones. Scrapes at the same time share one collection.
   */
  async text (): Promise<string> {
    this.#scrape ??= this.#collect().finally(() => { this.#scrape = undefined })
    return await this.#scrape
  }

  async #collect (): Promise<string> {
    await this.#ask()
    this.#workers.settle(this.#host.now())
    const families = new Families()
    for (const family of this.#pool.families()) families.add(family)
    this.#workers.addTo(families)
    for (const family of await this.#node.read()) families.add(family, { process: 'primary' })
    return await families.text()
  }

  async #ask (): Promise<void> {
    const answers = this.#supervisor.measure().map(async (worker) => {
      await new Promise<void>((resolve) => { this.#asked.set(worker, resolve) })
    })
    await new Promise<void>((resolve, reject) => {
      const timer = this.#host.setTimer(TIMEOUT, resolve)
      Promise.all(answers).then(() => {
        timer.clear()
        resolve()
      }, reject)
    })
    this.#asked.clear()
  }

  #hasAnswered (worker: WorkerHandle): void {
    this.#asked.get(worker)?.()
  }
}
