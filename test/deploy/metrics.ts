export type MetricType = 'counter' | 'gauge' | 'histogram'

export interface Metric {
  readonly type: MetricType
  readonly labels: readonly string[]
}

/** What the primary serves at /metrics. */
export const METRICS: Readonly<Record<string, Metric>> = {
  http_request_duration_seconds: { type: 'histogram', labels: ['method', 'route', 'status'] },
  baton_http_requests_in_flight: { type: 'gauge', labels: [] },
  baton_connections: { type: 'gauge', labels: [] },
  baton_shed_requests_total: { type: 'counter', labels: [] },
  baton_generation: { type: 'gauge', labels: [] },
  baton_workers: { type: 'gauge', labels: ['state'] },
  baton_reloads_total: { type: 'counter', labels: ['result'] },
  baton_reload_duration_seconds: { type: 'histogram', labels: [] },
  baton_restarts_total: { type: 'counter', labels: ['reason'] },
  baton_drain_duration_seconds: { type: 'histogram', labels: [] },
  baton_connections_closed_at_deadline_total: { type: 'counter', labels: [] },
  process_resident_memory_bytes: { type: 'gauge', labels: ['process', 'slot'] },
  nodejs_eventloop_lag_seconds: { type: 'gauge', labels: ['slot'] },
  process_cpu_seconds_total: { type: 'counter', labels: ['slot'] }
}
