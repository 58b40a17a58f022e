import t from 'tap'

import { createClientKind } from '../../src/clients/client-kind.ts'
import type { RequestTimes } from '../../src/clients/recorder.ts'
import { RequestFailure } from '../../src/clients/request-failure.ts'
import { Ledger } from '../../src/measure/ledger.ts'
import type { Reload } from '../../src/service/reload.ts'

const QUICK = createClientKind({ name: 'quick', count: 2, isQuick: true }, async () => {})
const SLOW = createClientKind({ name: 'slow', count: 1, isQuick: false }, async () => {})
const START = 1000

const request = (startedAt: number, endedAt: number, kind = 'quick'): RequestTimes => ({ kind, startedAt, endedAt })
const fail = (startedAt: number, endedAt: number, reason: string) => {
  return { ...request(startedAt, endedAt), failure: new RequestFailure(reason, 7) }
}
const reload = (startedAt: number, endedAt: number): Reload => {
  return { outcome: 'completed', startedAt, endedAt, duration: endedAt - startedAt, generation: 2 }
}

await t.test('requests are counted by kind, failures by reason', async (t) => {
  const ledger = new Ledger([QUICK, SLOW], START)
  ledger.answered(request(1000, 1004))
  ledger.answered(request(1000, 1500, 'slow'))
  for (const reason of ['ECONNRESET', 'timeout', 'ECONNRESET']) ledger.failed(fail(1000, 1010, reason))

  t.equal(ledger.requests, 5)
  t.equal(ledger.failures, 3)
  t.match(ledger.reportKinds(), [
    { name: 'quick', clients: 2, answered: 1, failures: 3, reasons: { ECONNRESET: 2, timeout: 1 }, max: 4 },
    { name: 'slow', clients: 1, answered: 1, failures: 0, reasons: {}, max: 500 }
  ])
})

await t.test('a request is inside a reload when it overlaps it, and only quick kinds count', async (t) => {
  const ledger = new Ledger([QUICK, SLOW], START)
  ledger.answered(request(1000, 1999))
  ledger.reloadStarted()
  for (const [from, to] of [[1990, 2000], [2100, 2110], [2290, 2320], [2301, 2311]] as const) {
    ledger.answered(request(from, to))
  }
  ledger.answered(request(2100, 2200, 'slow'))
  // Only now it becomes known that the reload had ended before the last of them.
  ledger.reloadEnded(reload(2000, 2300))
  ledger.answered(request(2299, 2400))
  ledger.answered(request(2400, 2405))

  t.match(ledger.reportSides(), { inside: { answered: 4, max: 101 }, outside: { answered: 3, max: 999 } })
  t.match(ledger.reportReloads(), [{ outcome: 'completed', at: 1000, duration: 300, latencies: { answered: 4 } }])
})

await t.test('each of several reloads has its own latencies', async (t) => {
  const ledger = new Ledger([QUICK], START)
  for (const start of [2000, 3000]) {
    ledger.reloadStarted()
    ledger.answered(request(start + 10, start + 10 + start / 1000))
    ledger.reloadEnded(reload(start, start + 100))
  }

  t.match(ledger.reportReloads(), [{ latencies: { answered: 1, max: 2 } }, { latencies: { answered: 1, max: 3 } }])
})

await t.test('a failure says when it happened, on which connection, and how that relates to the reloads', async (t) => {
  const ledger = new Ledger([QUICK], START)
  ledger.failed(fail(1500, 1510, 'early'))
  ledger.reloadStarted()
  const inside = fail(1990, 2020, 'inside')
  inside.failure.connection = { openedAt: 1000, localPort: 1, worker: '1/2/345' }
  ledger.failed(inside)
  ledger.reloadEnded(reload(2000, 2300))
  ledger.failed(fail(2590, 2600, 'while a worker drains'))

  t.strictSame(ledger.reportFailed(), [
    { kind: 'quick', reason: 'early', at: 510, after: 10, bytes: 7, worker: undefined, connectionAge: undefined, reload: undefined, sinceReload: undefined },
    { kind: 'quick', reason: 'inside', at: 1020, after: 30, bytes: 7, worker: '1/2/345', connectionAge: 1020, reload: 1, sinceReload: 20 },
    { kind: 'quick', reason: 'while a worker drains', at: 1600, after: 10, bytes: 7, worker: undefined, connectionAge: undefined, reload: undefined, sinceReload: 600 }
  ])
})

await t.test('a request counts for the reload that it overlaps, also when it is reported during the next', async (t) => {
  const ledger = new Ledger([QUICK], START)
  ledger.reloadStarted()
  ledger.reloadEnded(reload(2000, 2300))
  ledger.answered(request(2290, 2297))
  ledger.reloadStarted()
  ledger.answered(request(2200, 2250))
  ledger.answered(request(2310, 2313))
  ledger.reloadEnded(reload(2500, 2600))

  t.match(ledger.reportReloads(), [{ latencies: { answered: 2, max: 50 } }, { latencies: { answered: 0 } }])
  t.match(ledger.reportSides(), { inside: { answered: 2 }, outside: { answered: 1, max: 3 } })
})

await t.test('memory is bounded: all failures are counted, a thousand are kept, with fifty reasons', async (t) => {
  const ledger = new Ledger([QUICK], START)
  for (let number = 0; number < 2000; number++) ledger.failed(fail(1000, 1001, `reason ${number}`))

  const [kind] = ledger.reportKinds()

  t.equal(ledger.failures, 2000)
  t.equal(ledger.reportFailed().length, 1000)
  t.equal(Object.keys(kind?.reasons ?? {}).length, 51)
  t.equal(kind?.reasons['other reasons'], 1950)
})
