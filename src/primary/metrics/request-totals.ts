import { MAX_SERIES, OTHER, REQUEST_BOUNDS, type MetricFamily, type RequestSeries } from '../../protocol/measurements.ts'
import { histogramValues } from './families.ts'

const NAME = 'http_request_duration_seconds'

interface Labels {
  readonly method: string
  readonly route: string
  readonly status: number
}

interface Total {
  readonly labels: Labels
  sum: number
  readonly counts: number[]
}

/**
 * Requests of all workers, including those that have exited.
 *
 * The routes of an old release stay, or its counters would go backwards. So the number of series is limited, and a
 * series that was admitted once stays.
 */
export class RequestTotals {
  readonly #exited = new Map<string, Total>()
  readonly #admitted = new Set<string>()

  /** Adds the requests of a worker that has exited. */
  add (series: readonly RequestSeries[]): void {
    this.#addTo(this.#exited, series)
  }

  /** @param living the series of the workers that have not exited */
  family (living: ReadonlyArray<readonly RequestSeries[]>): MetricFamily {
    const all = new Map([...this.#exited].map(([key, { labels, sum, counts }]) =>
      [key, { labels, sum, counts: [...counts] }]))
    for (const series of living) this.#addTo(all, series)
    return {
      name: NAME,
      help: 'Time from a request\'s head to the end of its answer, of all workers.',
      type: 'histogram',
      values: [...all.values()].flatMap(({ labels, sum, counts }) => histogramValues(NAME, { ...labels }, REQUEST_BOUNDS, counts, sum))
    }
  }

  #addTo (totals: Map<string, Total>, series: readonly RequestSeries[]): void {
    for (const { method, route, status, sum, counts } of series) {
      const labels = this.#admit({ method, route, status })
      const key = keyOf(labels)
      const total = totals.get(key) ?? { labels, sum: 0, counts: counts.map(() => 0) }
      total.sum += sum
      counts.forEach((count, bucket) => { total.counts[bucket] = total.counts[bucket] as number + count })
      totals.set(key, total)
    }
  }

  #admit (labels: Labels): Labels {
    const key = keyOf(labels)
    if (this.#admitted.size < MAX_SERIES) this.#admitted.add(key)
    return this.#admitted.has(key) ? labels : { method: OTHER, route: OTHER, status: labels.status }
  }
}

function keyOf ({ method, route, status }: Labels): string {
  return `${status} ${method} ${route}`
}
