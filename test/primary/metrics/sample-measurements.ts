import { REQUEST_BOUNDS, type Measurements, type MetricFamily, type RequestSeries } from '../../../src/protocol/measurements.ts'

const NONE: Measurements = { bounds: REQUEST_BOUNDS, requests: [], inFlight: 0, connections: 0, shed: 0, closedAtDeadline: 0, node: [] }

/** Measurements of a worker, all of them 0 or empty except these. */
export function measurements (some: Partial<Measurements> = {}): Measurements {
  return { ...NONE, ...some }
}

/** This many requests of 1 ms each. */
export function requests (count: number, { method = 'GET', route = '/', status = 200 } = {}): RequestSeries {
  return { method, route, status, sum: count / 1000, counts: REQUEST_BOUNDS.map((_bound, index) => index === 0 ? count : 0).concat(0) }
}

export function cpu (seconds: number): MetricFamily {
  return { name: 'process_cpu_seconds_total', help: 'CPU.', type: 'counter', values: [{ value: seconds, labels: {} }] }
}

export function memory (bytes: number): MetricFamily {
  return { name: 'process_resident_memory_bytes', help: 'Memory.', type: 'gauge', values: [{ value: bytes, labels: {} }] }
}
