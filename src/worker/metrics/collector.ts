import { REQUEST_BOUNDS, type Measurements, type MetricFamily } from '../../protocol/measurements.ts'
import { NodeMetrics } from '../../node-metrics.ts'
import type { Drain } from '../drain/drain.ts'
import { RequestTable } from './request-table.ts'

/** Collects the measurements of this worker. */
export class MeasurementCollector {
  readonly requests = new RequestTable()
  readonly #drain: Pick<Drain, 'progress' | 'report'>
  readonly #metrics = new NodeMetrics()
  #node: readonly MetricFamily[] = []
  #shed = 0

  constructor (drain: Pick<Drain, 'progress' | 'report'>) {
    this.#drain = drain
  }

  /** Starts to collect Node's default metrics; otherwise the first `read()` does. */
  start (): void {
    this.#metrics.start()
  }

  get isStarted (): boolean {
    return this.#metrics.isStarted
  }

  readonly countShed = (): void => { this.#shed++ }

  async read (): Promise<Measurements> {
    this.#node = await this.#metrics.read()
    return this.last()
  }

  /** The same without waiting, with Node's metrics of the last `read()`. */
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
