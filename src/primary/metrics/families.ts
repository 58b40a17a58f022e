import type { MetricFamily, MetricValue } from '../../protocol/measurements.ts'

type Labels = MetricValue['labels']

/** Families by name: what several processes say of the same thing stands in one place, as the text format wants it. */
export class Families {
  readonly #families = new Map<string, MetricFamily & { readonly values: MetricValue[] }>()

  /** @param labels added to each of its values */
  add ({ name, help, type, values }: MetricFamily, labels: Labels = {}): void {
    const family = this.#families.get(name) ?? { name, help, type, values: [] }
    this.#families.set(name, family)
    // Of another release, perhaps: a name has one type.
    if (family.type !== type) return
    for (const value of values) family.values.push({ ...value, labels: { ...labels, ...value.labels } })
  }

  /** @returns the text format 0.0.4 */
  async text (): Promise<string> {
    const { Registry } = await import('prom-client')
    const registry = new Registry()
    for (const family of this.#families.values()) {
      // All that a registry asks of a metric.
      const metric = { name: family.name, get: async () => family }
      registry.registerMetric(metric as never)
    }
    return await registry.metrics()
  }
}

/** One value for each of these, or one without labels. */
export function family (name: string, type: 'counter' | 'gauge', help: string, values: ReadonlyArray<readonly [number, Labels?]>): MetricFamily {
  return { name, type, help, values: values.map(([value, labels = {}]) => ({ value, labels })) }
}

/**
 * @param bounds of the buckets, less the last one that has none
 * @param counts of each bucket alone; in the text format it holds what is below it as well
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
