import type { Report } from '../../src/measure/report.ts'
import { createRunRecord, type RunRecord } from '../../src/report/run-record.ts'

const LATENCIES = { answered: 10, p50: 1, p99: 2, max: 3 }
const START = 5000

const GENERATOR = { loopDelay: { p99: 0.5, max: 1 }, loopUtilization: 0.4, cpus: 0.4 }

const REPORT: Report = {
  duration: 1100,
  loadDuration: 1000,
  requests: 2000,
  failures: 0,
  kinds: [{ name: 'quick', clients: 2, failures: 0, unprocessed: 0, reasons: {}, ...LATENCIES }],
  reloads: [{
    outcome: 'completed', startedAt: START + 300, endedAt: START + 550, duration: 249, at: 300, generation: 2, latencies: LATENCIES
  }],
  reloadsWanted: 1,
  inside: LATENCIES,
  outside: LATENCIES,
  distributions: {
    inside: [{ share: 0, latency: 0.5 }, { share: 0.99, latency: 3 }],
    outside: [{ share: 0, latency: 0.4 }, { share: 0.9, latency: 2 }, { share: 0.999, latency: 3 }]
  },
  timeline: {
    interval: 250,
    answered: [400, 500, 500, 500, 100],
    failed: [0, 0, 0, 0, 0],
    p50: [1, 1, null, 1, 1],
    p99: [2, 3, null, 2, 2],
    max: [3, 3, null, 3, 3],
    connections: [8, 9, 10, 9, 0],
    workers: [
      { slot: 0, generation: 1, pid: 10, first: 0, answered: [200, 100] },
      { slot: 0, generation: 2, pid: 12, first: 1, answered: [100, 250, 250, 50] },
      { slot: 1, generation: 1, pid: 11, first: 0, answered: [200, 200, 250] },
      { slot: 1, generation: 2, pid: 13, first: 3, answered: [250, 50] }
    ]
  },
  failed: [],
  generations: [1, 2],
  eventLoopDelay: 1,
  generator: GENERATOR
}

const CIRCUMSTANCES = {
  verdict: { isGood: true, sentence: 'No request failed: 2,000 requests.' },
  command: 'npm run load-test -- --duration 1',
  startedAt: new Date('2026-01-02T03:04:05Z'),
  settings: { WORKERS: '2', SCHEDULING: null },
  machine: { node: 'v24.0.0', baton: '1.2.3', undici: '7.0.0', kernel: 'Linux 6', cpu: 'fast', cpus: 2, memoryBytes: 2 ** 30 }
}

/** A short run of two workers with one reload, with changes. */
export function sampleRecord (changes: Partial<RunRecord> = {}): RunRecord {
  return { ...createRunRecord(REPORT, CIRCUMSTANCES), ...changes }
}

/** The same run with failures. */
export function failedRecord (reason: string, at: readonly number[]): RunRecord {
  const sample = sampleRecord()
  return {
    ...sample,
    failures: at.length,
    verdict: { isGood: false, sentence: `FAILED: ${at.length} of 2,000 requests failed (${reason}).` },
    kinds: sample.kinds.map((kind) => ({ ...kind, failures: at.length, reasons: { [reason]: at.length } })),
    failed: at.map((at) => ({ kind: 'quick', reason, at, after: 1, bytes: 7, worker: '0/1/10', connectionAge: 250, reload: undefined, sinceReload: undefined })),
    timeline: { ...sample.timeline, failed: sample.timeline.failed.map((_, piece) => at.filter((at) => Math.floor(at / 250) === piece).length) }
  }
}
