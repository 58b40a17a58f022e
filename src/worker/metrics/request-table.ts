import { MAX_SERIES, OTHER, REQUEST_BOUNDS, type RequestSeries } from '../../protocol/measurements.ts'

/** Longer route patterns are cut. */
const MAX_ROUTE_LENGTH = 200

type ByStatus = Map<number, Series>

/** The number of requests in each bucket, and the sum of their durations. */
class Series {
  readonly counts = new Float64Array(REQUEST_BOUNDS.length + 1)
  milliseconds = 0

  add (milliseconds: number): void {
    let bucket = 0
    while (milliseconds > (BUCKET_BOUNDS[bucket] as number)) bucket++
    this.counts[bucket] = this.counts[bucket] as number + 1
    this.milliseconds += milliseconds
  }
}

/** In milliseconds; the last one has no upper bound. */
const BUCKET_BOUNDS = [...REQUEST_BOUNDS.map((seconds) => seconds * 1000), Infinity]

/**
 * Durations of requests, by route, method and status.
 *
 * Not a histogram of prom-client, because it is updated by every request: this takes 30 ns, and prom-client 300 ns.
 */
export class RequestTable {
  readonly #routes = new Map<string, Map<string, ByStatus>>()
  /** Requests beyond MAX_SERIES, by status only. */
  readonly #others: ByStatus = new Map()
  #size = 0

  add (method: string, route: string, status: number, milliseconds: number): void {
    const series = this.#routes.get(route)?.get(method)?.get(status) ?? this.#create(method, route, status)
    series.add(milliseconds)
  }

  /** @returns all series, in seconds */
  series (): RequestSeries[] {
    const known = [...this.#routes].flatMap(([route, methods]) =>
      [...methods].flatMap(([method, statuses]) => toSeries(method, route.slice(0, MAX_ROUTE_LENGTH), statuses)))
    return [...known, ...toSeries(OTHER, OTHER, this.#others)]
  }

  #create (method: string, route: string, status: number): Series {
    if (this.#size >= MAX_SERIES) return getOrCreate(this.#others, status, () => new Series())
    this.#size++
    const methods = getOrCreate(this.#routes, route, () => new Map<string, ByStatus>())
    return getOrCreate(getOrCreate(methods, method, () => new Map<number, Series>()), status, () => new Series())
  }
}

function toSeries (method: string, route: string, statuses: ByStatus): RequestSeries[] {
  return [...statuses].map(([status, { counts, milliseconds }]) =>
    ({ method, route, status, sum: milliseconds / 1000, counts: [...counts] }))
}

function getOrCreate<Key, Value> (map: Map<Key, Value>, key: Key, create: () => Value): Value {
  const found = map.get(key)
  if (found !== undefined) return found
  const created = create()
  map.set(key, created)
  return created
}
