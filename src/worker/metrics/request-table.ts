import { MAX_SERIES, OTHER, REQUEST_BOUNDS, type RequestSeries } from '../../protocol/measurements.ts'

/** Longer patterns are cut. */
const MAX_ROUTE = 200

type ByStatus = Map<number, Series>

/** The buckets, and the milliseconds behind them. */
class Series {
  readonly counts = new Float64Array(REQUEST_BOUNDS.length + 1)
  milliseconds = 0

  add (milliseconds: number): void {
    let bucket = 0
    while (milliseconds > (BOUNDS[bucket] as number)) bucket++
    this.counts[bucket] = this.counts[bucket] as number + 1
    this.milliseconds += milliseconds
  }
}

/** In milliseconds, with an end that nothing is above. */
const BOUNDS = [...REQUEST_BOUNDS.map((seconds) => seconds * 1000), Infinity]

/**
 * How long requests took, by route, method and status.
 *
 * Of our own making, because every request comes here: 30 ns, where a histogram of prom-client takes 300 ns.
 */
export class RequestTable {
  readonly #routes = new Map<string, Map<string, ByStatus>>()
  /** Of those that found no room: by status alone. */
  readonly #others: ByStatus = new Map()
  #size = 0

  add (method: string, route: string, status: number, milliseconds: number): void {
    const series = this.#routes.get(route)?.get(method)?.get(status) ?? this.#create(method, route, status)
    series.add(milliseconds)
  }

  /** @returns what it has, in seconds */
  series (): RequestSeries[] {
    const known = [...this.#routes].flatMap(([route, methods]) =>
      [...methods].flatMap(([method, statuses]) => list(method, route.slice(0, MAX_ROUTE), statuses)))
    return [...known, ...list(OTHER, OTHER, this.#others)]
  }

  #create (method: string, route: string, status: number): Series {
    if (this.#size >= MAX_SERIES) return ensure(this.#others, status, () => new Series())
    this.#size++
    const methods = ensure(this.#routes, route, () => new Map<string, ByStatus>())
    return ensure(ensure(methods, method, () => new Map<number, Series>()), status, () => new Series())
  }
}

function list (method: string, route: string, statuses: ByStatus): RequestSeries[] {
  return [...statuses].map(([status, { counts, milliseconds }]) =>
    ({ method, route, status, sum: milliseconds / 1000, counts: [...counts] }))
}

function ensure<Key, Value> (map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
