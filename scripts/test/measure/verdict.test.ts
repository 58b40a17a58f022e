import t from 'tap'

import { formatLoadSummary } from '../../src/display/load-summary.ts'
import type { Report } from '../../src/measure/report.ts'
import { judge, type RunEnd } from '../../src/measure/verdict.ts'

const LATENCIES = { answered: 10, p50: 1, p99: 2, max: 3 }
const COMPLETED = { outcome: 'completed', startedAt: 0, endedAt: 0, duration: 321, generation: 2, at: 5000, latencies: LATENCIES } as const

const GOOD: Report = {
  duration: 10_000,
  loadDuration: 9_990,
  requests: 20_000,
  failures: 0,
  kinds: [
    { name: 'quick', clients: 2, failures: 0, reasons: {}, unprocessed: 0, ...LATENCIES },
    { name: 'idle', clients: 1, failures: 0, reasons: {}, unprocessed: 0, answered: 0, p50: 0, p99: 0, max: 0 }
  ],
  reloads: [COMPLETED],
  reloadsWanted: 1,
  inside: LATENCIES,
  outside: LATENCIES,
  distributions: { inside: [], outside: [] },
  timeline: { interval: 100, answered: [], failed: [], p50: [], p99: [], max: [], connections: [], workers: [] },
  failed: [],
  generations: [1, 2],
  eventLoopDelay: 12.34,
  generator: { loopDelay: { p99: 0.5, max: 12.34 }, loopUtilization: 0.5, cpus: 0.625 }
}

const FAILED: Report = {
  ...GOOD,
  failures: 2,
  kinds: [{ name: 'quick', clients: 2, failures: 2, reasons: { ECONNRESET: 2 }, unprocessed: 0, ...LATENCIES }],
  failed: [
    { kind: 'quick', reason: 'ECONNRESET', at: 5010, after: 3, bytes: 17, worker: '1/2/345', connectionAge: 678, reload: 1, sinceReload: 10 },
    { kind: 'quick', reason: 'ECONNRESET', at: 6000, after: 3, bytes: 0, worker: undefined, connectionAge: undefined, reload: undefined, sinceReload: 1000 }
  ]
}

const QUIET: RunEnd = { exit: undefined, isInterrupted: false }
const EXIT = { code: 0, signal: null, isUnexpected: false, isKilled: false }

const VERDICTS: ReadonlyArray<readonly [report: Report, end: RunEnd, sentence: RegExp]> = [
  [GOOD, QUIET, /^No request failed: 20,000 requests in 10.0 s \(2,000 a second\), 1 reload completed\.$/],
  [GOOD, { ...QUIET, exit: EXIT }, /^No request failed/],
  [{ ...GOOD, reloads: [], reloadsWanted: 0 }, QUIET, /^No request failed: .*, no reload\.$/],
  [FAILED, QUIET, /^FAILED: 2 of 20,000 requests failed\. 20,000 requests in 10.0 s/],
  [{ ...GOOD, requests: 0 }, QUIET, /^FAILED: no request was answered\./],
  [{ ...GOOD, reloads: [{ ...COMPLETED, outcome: 'failed', reason: 'why' }] }, QUIET, /^FAILED: reload 1: failed \(why\)\./],
  [{ ...GOOD, reloadsWanted: 3 }, QUIET, /^FAILED: 2 of 3 reloads did not take place\./],
  [GOOD, { ...QUIET, isInterrupted: true }, /^FAILED: the run was interrupted\./],
  [GOOD, { ...QUIET, exit: { ...EXIT, code: 1 } }, /^FAILED: the service exited with code 1 instead of 0\./],
  [GOOD, { ...QUIET, exit: { ...EXIT, code: null, signal: 'SIGSEGV' } }, /exited with SIGSEGV instead of 0/],
  [GOOD, { ...QUIET, exit: { ...EXIT, isUnexpected: true } }, /^FAILED: the service exited with code 0 during the run\./],
  [GOOD, { ...QUIET, exit: { ...EXIT, isKilled: true } }, /^FAILED: the service did not stop in time after SIGTERM/],
  [{ ...FAILED, reloadsWanted: 2 }, QUIET, /^FAILED: 2 of 20,000 requests failed; 1 of 2 reloads did not take place\./]
]

for (const [report, end, sentence] of VERDICTS) {
  await t.test(`the verdict ${sentence.source}`, async (t) => {
    const verdict = judge(report, end)

    t.match(verdict.sentence, sentence)
    t.equal(verdict.isGood, verdict.sentence.startsWith('No request failed'))
  })
}

await t.test('the summary of a good run', async (t) => {
  t.equal(formatLoadSummary(GOOD), `
clients  count  requests  failed  p50 ms  p99 ms  max ms
quick        2        10       0     1.0     2.0     3.0
idle         1         0       0
total        3    20,000       0

reload   at ms    outcome  generation  took ms  GET / meanwhile  p99 ms
1        5,000  completed           2      321               10     2.0
inside                                                       10     2.0
outside                                                      10     2.0

load generator: 0.63 processors, event loop busy 50 % of the time, late by 0.5 ms at p99 and 12.3 ms at most`.trimStart())
})

await t.test('the summary of a bad run says what failed, when and why', async (t) => {
  t.match(formatLoadSummary(FAILED), `
failures      reason  count
quick     ECONNRESET      2

the first 2      reason  at ms  took ms  bytes   worker  connection ms                 reload
quick        ECONNRESET  5,010      3.0     17  1/2/345            678                   in 1
quick        ECONNRESET  6,000      3.0      0                          1,000 ms after SIGHUP
`)
})

await t.test('the summary says what became of the relieved workers', async (t) => {
  const drains = { begun: 6, finished: 3, killed: 1, longest: 4321 }

  t.match(formatLoadSummary({ ...GOOD, drains }), `
workers relieved: 6; when the load ended: 3 exited, 1 killed, 2 still draining; the longest drain took 4,321 ms or more
`)
  t.match(formatLoadSummary({ ...GOOD, drains: { begun: 2, finished: 2, killed: 0, longest: 5 } }), /the longest drain took 5\.0 ms\n/)
})
