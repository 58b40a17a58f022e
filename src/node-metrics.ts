import type { Registry } from 'prom-client'
import type { MetricFamily } from './protocol/measurements.ts'

/** Milliseconds between two samples of the event loop's delay. */
const LOOP_DELAY_INTERVAL = 20

/** Gauges with the names of counters, which promtool rejects; `nodejs_active_resources` has the same data. */
const MISNAMED_GAUGES = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/**
 * prom-client's default metrics of this process, in a separate registry: the application may use the global one.
 *
 * Loading prom-client takes 25 ms, so it is not loaded before it is needed.
 */
export class NodeMetrics {
  #registry: Promise<Registry> | undefined

  get isStarted (): boolean {
    return this.#registry !== undefined
  }

  /** Starts to collect them. Idempotent. */
  start (): void {
    this.#registry ??= collect()
  }

  /** @returns the current metrics, without values that are not finite numbers */
  async read (): Promise<readonly MetricFamily[]> {
    this.start()
    const registry = await this.#registry as Registry
    const families = await registry.getMetricsAsJSON() as unknown as MetricFamily[]
    return families.map(({ name, help, type, values }) => ({
      name,
      help,
      type,
      // The mean of a histogram is NaN before its first sample, and JSON cannot represent that.
      values: values.filter(({ value }) => Number.isFinite(value))
    }))
  }
}

async function collect (): Promise<Registry> {
  const { Registry, collectDefaultMetrics } = await import('prom-client')
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_DELAY_INTERVAL })
  for (const name of MISNAMED_GAUGES) registry.removeSingleMetric(name)
  return registry
}
