import { once } from 'node:events'

import t from 'tap'

import { createClientKind } from '../../src/clients/client-kind.ts'
import { busyKeepAlive } from '../../src/clients/kinds/busy-keep-alive.ts'
import { freshConnections } from '../../src/clients/kinds/fresh-connections.ts'
import { createTarget } from '../../src/clients/target.ts'
import { runLoad, type LoadOptions } from '../../src/load-test/load-run.ts'
import { runReloads } from '../../src/load-test/reload-schedule.ts'
import type { Progress } from '../../src/measure/progress-watch.ts'
import { judge } from '../../src/measure/verdict.ts'
import { findFreePort } from '../../src/service/free-port.ts'
import type { Reload } from '../../src/service/reload.ts'
import { startStandIn } from '../helpers/stand-in-server.ts'

const DEADLINE = 60_000
const NOWHERE = createTarget('127.0.0.1', 1)

/** Makes no request until the run is over. */
const IDLE = createClientKind({ name: 'idle', count: 1, isQuick: true }, async (loop) => { await loop.pause(DEADLINE) })

const OPTIONS: LoadOptions = {
  target: NOWHERE, kinds: [IDLE], duration: 300, timeout: 5000, reloader: undefined, reloads: 0, reloadTimeout: 5000
}

/** A reload without a service. */
const fakeReload = async (duration: number, outcome: Reload['outcome'] = 'completed'): Promise<Reload> => {
  const startedAt = performance.now()
  await new Promise((resolve) => { setTimeout(resolve, duration) })
  return { outcome, startedAt, endedAt: performance.now(), duration }
}

await t.test('a run reports its requests, its progress and the generations', async (t) => {
  const { target } = await startStandIn(t)
  const progress: Progress[] = []

  const report = await runLoad({
    ...OPTIONS, target, kinds: [busyKeepAlive(1), freshConnections(1)], onProgress: (now) => { progress.push(now) }, progressInterval: 50
  })

  t.match(report, { failures: 0, kinds: [{ clients: 1 }, { clients: 1 }], reloads: [], generations: [1] })
  t.ok(report.duration >= 299)
  t.ok(report.kinds.every(({ answered, max }) => answered > 0 && max > 0))
  t.equal(report.requests, report.outside.answered)
  t.equal(sum(report.timeline.answered), report.requests)
  t.match(report.timeline.workers, [{ generation: 1 }])
  t.equal(sum(report.timeline.workers[0]?.answered ?? []), report.requests)
  t.ok(report.timeline.connections.some((open) => open > 0), 'connections are noticed')
  t.equal(report.distributions.outside.at(-1)?.latency, report.outside.max)
  t.ok(report.loadDuration >= 299 && report.loadDuration <= report.duration)
  t.match(progress.at(-1), { failures: 0, generations: [1] })
  t.ok(progress.every(({ elapsed, requests, rate }) => elapsed > 0 && requests >= 0 && rate >= 0))
})

await t.test('a run is not shorter than asked, also when this program was busy before', async (t) => {
  const ledger = { reloadStarted: () => {}, reloadEnded: () => {} }
  for (let count = 0; count < 10; count++) {
    beBusy(8)
    const startedAt = performance.now()
    beBusy(8)

    await runReloads({ reloads: 0, reloader: undefined, reloadTimeout: 0, duration: 30, startedAt, signal: new AbortController().signal, ledger })

    t.ok(performance.now() >= startedAt + 30)
  }
})

function beBusy (ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

await t.test('the reloads are spread evenly over the run', async (t) => {
  const report = await runLoad({ ...OPTIONS, reloads: 3, reloader: { reload: async () => await fakeReload(1) } })

  t.strictSame(report.reloads.map(({ outcome }) => outcome), ['completed', 'completed', 'completed'])
  for (const [index, { at }] of report.reloads.entries()) t.ok(at >= 75 * (index + 1) - 2, `reload ${index + 1} at ${at} ms`)
})

await t.test('a reload waits for the one before, and the run for the last one', async (t) => {
  const report = await runLoad({ ...OPTIONS, duration: 100, reloads: 3, reloader: { reload: async () => await fakeReload(80) } })

  const [first, second, third] = report.reloads
  t.ok(first && second && third && first.endedAt <= second.startedAt && second.endedAt <= third.startedAt)
  t.ok(report.duration >= 237)
})

await t.test('a reload that failed is followed by the next, one whose end is unknown is not', async (t) => {
  for (const [outcome, count] of [['failed', 3], ['unknown', 1]] as const) {
    const report = await runLoad({ ...OPTIONS, duration: 50, reloads: 3, reloader: { reload: async () => await fakeReload(1, outcome) } })

    t.equal(report.reloads.length, count, outcome)
    t.equal(judge(report, { exit: undefined, isInterrupted: false }).isGood, false)
  }
})

await t.test('the signal ends a run early, also during a reload', async (t) => {
  const started = performance.now()
  const interruption = new AbortController()
  const reload = async (_timeout: number, signal: AbortSignal): Promise<Reload> => {
    setImmediate(() => { interruption.abort() })
    await once(signal, 'abort')
    return await fakeReload(0, 'unknown')
  }

  const report = await runLoad({ ...OPTIONS, duration: 60_000, reloads: 599, reloader: { reload }, signal: interruption.signal })

  t.match(report.reloads, [{ outcome: 'unknown' }])
  t.ok(performance.now() - started < 10_000)
})

await t.test('nothing starts when the signal has aborted already', async (t) => {
  const { target, connections } = await startStandIn(t)

  const report = await runLoad({ ...OPTIONS, target, kinds: [freshConnections(1)], duration: 60_000, signal: AbortSignal.abort() })

  t.ok(report.requests <= 1)
  t.ok(connections() <= 1)
})

await t.test('clients finish the request in progress', async (t) => {
  const { target } = await startStandIn(t, {
    nth: 1, fault: (response, _socket, body) => { setTimeout(() => { response.end(body) }, 400) }
  })

  const report = await runLoad({ ...OPTIONS, target, kinds: [freshConnections(1)], duration: 100 })

  t.match(report, { requests: 1, failures: 0 })
})

await t.test('a bug in a kind ends the run with its error, and is not counted as a failed request', async (t) => {
  const broken = createClientKind({ name: 'broken', count: 1, isQuick: true }, async (loop) => {
    await loop.run(async () => { throw new TypeError('a bug') })
  })

  await t.rejects(runLoad({ ...OPTIONS, duration: 60_000, kinds: [broken] }), { message: 'a bug' })
})

await t.test('after a failure a client pauses', async (t) => {
  const target = createTarget('127.0.0.1', await findFreePort())

  const report = await runLoad({ ...OPTIONS, target, kinds: [freshConnections(1)] })

  t.ok(report.failures >= 1 && report.failures <= 5, `${report.failures} failures in 0.3 s`)
  t.match(report.failed[0], { reason: 'ECONNREFUSED' })
  t.equal(sum(report.timeline.failed), report.failures)
})

function sum (numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
