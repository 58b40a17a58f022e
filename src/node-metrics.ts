import type { Registry } from 'prom-client'
import type { MetricFamily } from './protocol/measurements.ts'

/** Milliseconds between two samples of the event loop's delay. */
const PRECISION = 20

/** Gauges whose names say that they are counters, which promtool refuses; `nodejs_active_resources` says more anyway. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/**
 * prom-client's default metrics of this process, in a registry of their own: the application may use the global one.
 *
 * Loading prom-client takes 25 ms, so it is loaded when it is asked for.
 */
export class NodeMetrics {
  #registry: Promise<Registry> | undefined

  get isStarted (): boolean {
    return this.#registry !== undefined
  }

  /** From here on they are collected. Idempotent. */
  start (): void {
    this.#registry ??= collect()
  }

  /** @returns what there is now, without what has no value yet */
  async read (): Promise<readonly MetricFamily[]> {
    this.start()
    const registry = await this.#registry as Registry
    const families = await registry.getMetricsAsJSON() as unknown as MetricFamily[]
    return families.map(({ name, help, type, values }) => ({
      name,
      help,
      type,
      // Before its first sample the mean of a histogram is NaN, which JSON does not carry.
      values: values.filter(({ value }) => Number.isFinite(value))
    }))
  }
}

async function collect (): Promise<Registry> {
  const { Registry, collectDefaultMetrics } = await import('prom-client')
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: PRECISION })
  for (const name of MISNAMED) registry.removeSingleMetric(name)
  return registry
}
