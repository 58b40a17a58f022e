import type { MetricFamily, MetricValue } from '../../protocol/measurements.ts'

type Labels = MetricValue['labels']

/** Families by name: the text format requires the values of all processes for one metric to be in one place. */
export class Families {
  readonly #families = new Map<string, MetricFamily & { readonly values: MetricValue[] }>()

  /** @param labels added to each value */
  add ({ name, help, type, values }: MetricFamily, labels: Labels = {}): void {
    const family = this.#families.get(name) ?? { name, help, type, values: [] }
    this.#families.set(name, family)
    // A metric has one type; another release may have given it another one.
    if (family.type !== type) return
    for (const value of values) family.values.push({ ...value, labels: { ...labels, ...value.labels } })
  }

  /** @returns the text format 0.0.4 */
  async text (): Promise<string> {
    const { Registry } = await import('prom-client')
    const registry = new Registry()
    for (const family of this.#families.values()) {
      // A registry needs no more than this from a metric.
      const metric = { name: family.name, get: async () => family }
      registry.registerMetric(metric as never)
    }
    return await registry.metrics()
  }
}

/** A family with these values; labels are optional. */
export function family (name: string, type: 'counter' | 'gauge', help: string, values: ReadonlyArray<readonly [number, Labels?]>): MetricFamily {
  return { name, type, help, values: values.map(([value, labels = {}]) => ({ value, labels })) }
}

/**
 * @param bounds upper bounds of the buckets; the last bucket has none
 * @param counts of each bucket alone; in the text format a bucket includes all lower ones
 */
export function histogramValues (name: string, labels: Labels, bounds: readonly number[], counts: readonly number[], sum: number): MetricValue[] {
  let below = 0
  const buckets = counts.map((count, bucket) => {
    below += count
    return { metricName: `${name}_bucket`, value: below, labels: { le: bounds[bucket] ?? '+Inf', ...labels } }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, value: sum, labels },
    { metricName: `${name}_count`, value: below, labels }
  ]
}
