import { REQUEST_BOUNDS, type Measurements, type MetricFamily } from '../../protocol/measurements.ts'
import { NodeMetrics } from '../../node-metrics.ts'
import type { Drain } from '../drain/drain.ts'
import { RequestTable } from './request-table.ts'

/** What this worker measures of itself. */
export class WorkerMeasurements {
  readonly requests = new RequestTable()
  readonly #drain: Pick<Drain, 'progress' | 'report'>
  readonly #metrics = new NodeMetrics()
  #node: readonly MetricFamily[] = []
  #shed = 0

  constructor (drain: Pick<Drain, 'progress' | 'report'>) {
    this.#drain = drain
  }

  /** Collects Node's default metrics from here on; it does so anyway once they are read. */
  start (): void {
    this.#metrics.start()
  }

  get isStarted (): boolean {
    return this.#metrics.isStarted
  }

  /** A request was turned away. */
  readonly countShed = (): void => { this.#shed++ }

  async read (): Promise<Measurements> {
    this.#node = await this.#metrics.read()
    return this.last()
  }

  /** The same at once, with Node's metrics of the last read: there may be no time to wait for others. */
  last (): Measurements {
    return {
      bounds: REQUEST_BOUNDS,
      requests: this.requests.series(),
      inFlight: this.#drain.progress().requests,
      connections: this.#drain.progress().connections,
      shed: this.#shed,
      closedAtDeadline: this.#drain.report().closedAtDeadline,
      node: this.#node
    }
  }
}
