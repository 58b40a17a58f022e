import t, { type Test } from 'tap'

import type { ClientKind } from '../../src/clients/client-kind.ts'
import { createClientMix, type MixOptions } from '../../src/clients/client-mix.ts'
import { runLoad, type LoadOptions } from '../../src/load-test/load-run.ts'
import type { Progress } from '../../src/measure/progress-watch.ts'
import { createTarget } from '../../src/clients/target.ts'
import { ClientThread } from '../../src/clients/threads/client-thread.ts'
import { ClientThreads } from '../../src/clients/threads/client-threads.ts'
import { chooseThreads, dealClients } from '../../src/clients/threads/shares.ts'
import { startStandIn } from '../helpers/stand-in-server.ts'

const NOWHERE = createTarget('127.0.0.1', 1)
const FRESH = 'new connection each'
const UNDICI = 'keep-alive, busy (undici)'
const RAW = 'keep-alive, busy (raw)'

const OPTIONS: Omit<LoadOptions, 'kinds'> = {
  target: NOWHERE, duration: 500, timeout: 20_000, reloader: undefined, reloads: 0, reloadTimeout: 5000
}

/** Two clients of each of these kinds. */
function choose (...names: string[]): ClientKind[] {
  return createClientMix(1).filter(({ name }) => names.includes(name)).map((kind) => ({ ...kind, count: 2 }))
}

async function startThreads (t: Test, kinds: readonly ClientKind[], mix: MixOptions = {}): Promise<Pick<LoadOptions, 'kinds'> & { threads: ClientThreads }> {
  const threads = await ClientThreads.start(kinds, mix, 2)
  t.teardown(async () => { await threads.end() })
  return { kinds: threads.kinds, threads }
}

await t.test('the clients get a quarter of the CPUs, where there are enough', async (t) => {
  const rows = [[1, 0], [2, 0], [3, 0], [4, 1], [7, 1], [8, 2], [31, 7], [32, 8], [128, 8]] as const
  for (const [cpus, threads] of rows) t.equal(chooseThreads(cpus), threads, `${cpus} CPUs`)
})

const DEALS: ReadonlyArray<readonly [title: string, counts: readonly number[], threads: number, expected: ReadonlyArray<readonly number[]>]> = [
  ['in equal shares', [4, 2], 2, [[2, 1], [2, 1]]],
  ['so that the rest of one kind and that of the next go to different threads', [1, 1, 3], 2, [[1, 0, 2], [0, 1, 1]]],
  ['to no more threads than there are clients', [1, 1], 5, [[1, 0], [0, 1]]]
]

for (const [title, counts, threads, expected] of DEALS) {
  await t.test(`clients are dealt ${title}`, async (t) => {
    const kinds = counts.map((count, index) => ({ name: `kind ${index}`, count }))

    const hands = dealClients(kinds, threads)

    t.strictSame(hands.map((tasks) => kinds.map(({ name }) => tasks.find((task) => task.name === name)?.count ?? 0)), expected)
    t.ok(hands.flat().every(({ count }) => count > 0))
  })
}

await t.test('the open model is in every thread', async (t) => {
  const hands = dealClients(createClientMix(1, { rate: 10 }), 30)

  t.equal(hands.length, 30)
  t.ok(hands.every(([first]) => first?.name === 'open model, 10 a second' && first.count === 1))
})

await t.test('a run with clients in two threads reports what one without reports', async (t) => {
  const { target, connections } = await startStandIn(t)
  const progress: Progress[] = []
  const crew = await startThreads(t, choose(FRESH, UNDICI, RAW))

  const report = await runLoad({ ...OPTIONS, ...crew, target, onProgress: (now) => { progress.push(now) }, progressInterval: 50 })

  t.match(report, { failures: 0, kinds: [{ name: UNDICI, clients: 2 }, { name: RAW, clients: 2 }, { name: FRESH, clients: 2 }], generations: [1] })
  t.ok(report.kinds.every(({ answered, p50, max }) => answered >= 2 && p50 > 0 && max >= p50 && max <= report.duration))
  t.equal(report.requests, report.outside.answered)
  t.equal(sum(report.timeline.answered), report.requests)
  t.ok(report.timeline.answered.length <= Math.floor(report.duration / report.timeline.interval) + 1, 'no time is beyond the run')
  t.equal(sum(report.timeline.workers[0]?.answered ?? []), report.requests)
  t.ok(Math.max(...report.timeline.connections) >= 4 && Math.max(...report.timeline.connections) <= connections(), 'connections are seen')
  t.ok(report.loadDuration >= 499 && report.loadDuration <= report.duration)
  t.match(report.generator, { threads: 2 })
  t.ok(report.generator.loopUtilization > 0 && report.generator.cpus > 0)
  t.ok(progress.some(({ requests }) => requests > 0 && requests < report.requests), 'it is seen while it runs')
})

for (const kind of [FRESH, RAW, UNDICI]) {
  await t.test(`a server that drops one request fails one request: ${kind}`, async (t) => {
    const { target } = await startStandIn(t, { nth: 9, fault: (_response, socket) => { socket.destroy() } })
    const crew = await startThreads(t, choose(kind))

    const report = await runLoad({ ...OPTIONS, ...crew, target, duration: 1000 })

    t.match(report, {
      failures: 1,
      kinds: [{ name: kind, failures: 1 }],
      failed: [{ kind, reason: kind === UNDICI ? 'UND_ERR_SOCKET other side closed' : 'closed without an answer', bytes: 0 }]
    })
    const [failure] = report.failed
    const { at = NaN, after = NaN, connectionAge = NaN } = failure ?? {}
    t.ok(at > 0 && at <= report.duration && after > 0 && after <= at, `at ${at}, after ${after}`)
    t.ok(connectionAge > 0 && connectionAge <= at, `its connection was ${connectionAge} ms old`)
    t.equal(sum(report.timeline.failed), 1)
    t.ok(report.requests > 9, 'the clients go on')
  })
}

await t.test('the threads make the requests of the open model together', async (t) => {
  const { target } = await startStandIn(t)
  const crew = await startThreads(t, createClientMix(1, { rate: 200 }).slice(0, 1), { rate: 200 })

  const report = await runLoad({ ...OPTIONS, ...crew, target, duration: 1000 })

  t.match(report, { failures: 0, kinds: [{ name: 'open model, 200 a second', clients: 1 }] })
  t.ok(report.requests >= 120 && report.requests <= 300, `${report.requests} in a second`)
})

await t.test('a reload counts the requests that overlap it, though threads tell of them late', async (t) => {
  const { target } = await startStandIn(t)
  const crew = await startThreads(t, choose(RAW))
  const reload = async () => {
    const startedAt = performance.now()
    await new Promise((resolve) => { setTimeout(resolve, 150) })
    // The last batch of it has not come yet.
    return { outcome: 'completed', startedAt, endedAt: performance.now(), duration: 150 } as const
  }

  const report = await runLoad({ ...OPTIONS, ...crew, target, reloads: 1, reloader: { reload } })

  const [{ at = 0, duration = 0, latencies } = {}] = report.reloads
  const { interval, answered } = report.timeline
  const whole = answered.slice(Math.ceil(at / interval), Math.floor((at + duration) / interval))
  t.equal(report.inside.answered + report.outside.answered, report.requests)
  t.equal(latencies?.answered, report.inside.answered)
  t.ok((latencies?.answered ?? 0) >= sum(whole), `${latencies?.answered} overlap it, and ${sum(whole)} were answered in it`)
})

await t.test('the signal ends a run in threads early', async (t) => {
  const { target } = await startStandIn(t)
  const crew = await startThreads(t, choose(FRESH, UNDICI))
  const interruption = new AbortController()

  const report = await runLoad({
    ...OPTIONS,
    ...crew,
    target,
    duration: 3_600_000,
    signal: interruption.signal,
    progressInterval: 20,
    onProgress: ({ requests }) => { if (requests > 0) interruption.abort() }
  })

  t.ok(report.requests > 0)
  t.equal(report.failures, 0)
})

await t.test('a signal that has come already lets no client begin', async (t) => {
  const { target, connections } = await startStandIn(t)
  const { kinds, threads } = await startThreads(t, choose(FRESH))
  const recorder = { answered: t.fail, failed: t.fail, unprocessed: t.fail, identified: t.fail }

  await kinds[0]?.run({ target, timeout: 1000, maxRequests: 10, random: Math.random, signal: AbortSignal.abort(), recorder })

  t.equal((await threads.finish()).length, 2)
  t.equal(connections(), 0)
})

await t.test('when a kind has ended, all that its clients did has been told', async (t) => {
  const { target } = await startStandIn(t)
  const { kinds } = await startThreads(t, choose(RAW))
  const told = { answered: 0, identified: 0 }
  const recorder = {
    answered: () => { told.answered++ }, identified: () => { told.identified++ }, failed: t.fail, unprocessed: t.fail
  }

  // Too few to last until a batch is due.
  await kinds[0]?.run({ target, timeout: 20_000, maxRequests: 3, random: Math.random, signal: new AbortController().signal, recorder })

  t.strictSame(told, { answered: 6, identified: 6 })
})

await t.test('a fault in a thread ends the run with its error, and is not counted as a failed request', async (t) => {
  const { target } = await startStandIn(t)
  const broken: ClientKind = { name: 'nobody knows it', count: 1, isQuick: true, run: async () => {} }
  const crew = await startThreads(t, [...choose(FRESH), broken])

  await t.rejects(runLoad({ ...OPTIONS, ...crew, target, duration: 3_600_000 }), { message: 'the mix has no kind of the name nobody knows it' })
})

const FAULTS: ReadonlyArray<readonly [title: string, program: string, message: RegExp]> = [
  ['ends in the middle of its work', 'ends-early-thread', /^a thread of clients ended with code 7$/],
  ['does not end when it should', 'never-ends-thread', /^a thread of clients did not end its clients \(quick\) within 303 ms$/],
  ['tells of clients that it has not', 'tells-of-another-thread', /^a thread of clients tells of task 5, which was not to run$/]
]

for (const [title, program, message] of FAULTS) {
  await t.test(`a thread that ${title} is an error, and no wait for ever`, async (t) => {
    const thread = startFixture(t, program)
    await thread.started()
    const stop = new AbortController()
    const recorder = { answered: t.fail, failed: t.fail, unprocessed: t.fail, identified: t.fail }

    const run = thread.run('quick', { target: NOWHERE, timeout: 1, maxRequests: 1, random: Math.random, signal: stop.signal, recorder })
    if (program === 'never-ends-thread') stop.abort()

    await t.rejects(run, { message })
    await t.rejects(thread.finish(), 'what comes after it fails too')
  })
}

await t.test('a thread that never starts is an error', async (t) => {
  await t.rejects(startFixture(t, 'never-ready-thread', 50).started(), { message: 'a thread of clients did not start within 50 ms' })
  await t.rejects(startFixture(t, 'no-such-thread').started(), { message: /^Cannot find module / })
})

function startFixture (t: Test, program: string, startTimeout = 60_000): ClientThread {
  const order = { tasks: [{ name: 'quick', count: 1 }], mix: {}, timeOrigin: performance.timeOrigin }
  const thread = new ClientThread(order, () => {}, { program: new URL(`./fixtures/${program}.mjs`, import.meta.url), startTimeout, endTimeout: 300 })
  t.teardown(async () => { await thread.end() })
  return thread
}

function sum (numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
