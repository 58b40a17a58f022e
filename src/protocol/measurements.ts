/** Upper bounds of the buckets of request durations, in seconds. */
export const REQUEST_BOUNDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

/** So many combinations of method, route and status are told apart; what comes later is route `other`. */
export const MAX_SERIES = 1000

/** A label of its own for what has none, or one too many. */
export const OTHER = 'other'

/** How long requests of one method, route and status took. */
export interface RequestSeries {
  readonly method: string
  readonly route: string
  readonly status: number
  /** Seconds. */
  readonly sum: number
  /** Requests in each bucket alone; the last one is for those above all bounds. */
  readonly counts: readonly number[]
}

/** A family of metrics as prom-client has it in JSON. */
export interface MetricFamily {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly values: readonly MetricValue[]
}

export interface MetricValue {
  readonly value: number
  readonly labels: Readonly<Record<string, string | number>>
  /** Undefined when it is that of its family. */
  readonly metricName?: string
}

/** What a worker has measured since its start. */
export interface Measurements {
  readonly bounds: readonly number[]
  readonly requests: readonly RequestSeries[]
  /** Requests whose answer is not finished. */
  readonly inFlight: number
  readonly connections: number
  /** Requests that were turned away under pressure. */
  readonly shed: number
  readonly closedAtDeadline: number
  /** Node's default metrics. */
  readonly node: readonly MetricFamily[]
}
