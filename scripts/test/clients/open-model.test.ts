import t from 'tap'

import { Arrivals } from '../../src/clients/arrivals.ts'
import { createClientMix } from '../../src/clients/client-mix.ts'
import { busyKeepAlive } from '../../src/clients/kinds/busy-keep-alive.ts'
import { openArrivals } from '../../src/clients/kinds/open-arrivals.ts'
import { recordKind } from '../helpers/record.ts'
import { startStandIn } from '../helpers/stand-in-server.ts'

const START = 1000
/** Milliseconds. */
const STALL_TIME = 600
/** Draws a gap of the mean length. */
const MEAN_GAP = () => 1 - Math.exp(-1)

await t.test('arrivals keep their times, also when they are taken a second late', async (t) => {
  const arrivals = new Arrivals(100, START, MEAN_GAP)

  t.strictSame(arrivals.take(START), [])
  t.strictSame(arrivals.take(START + 20.5).map(Math.round), [START + 10, START + 20])
  t.equal(Math.round(arrivals.next), START + 30)
  const late = arrivals.take(START + 1020.5)
  t.equal(late.length, 100)
  t.equal(Math.round(late[0] ?? 0), START + 30)
})

await t.test('arrivals are random, at the given mean rate', async (t) => {
  let seed = 1
  // The generator of Park and Miller, so that each run is the same.
  const random = () => (seed = seed * 48_271 % 2_147_483_647) / 2_147_483_647
  const arrivals = new Arrivals(1000, START, random)

  const times = arrivals.take(START + 10_000)
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0))

  t.ok(Math.abs(times.length - 10_000) < 300, `${times.length} in 10 s at 1000 a second`)
  // Of a Poisson process, as many are above 1.39 times the mean as are below 0.29 times.
  t.ok(gaps.filter((gap) => gap > 1.386).length > 2000)
  t.ok(gaps.filter((gap) => gap < 0.288).length > 2000)
})

await t.test('when a server stalls, all requests that arrive meanwhile are late, which a closed loop hides', async (t) => {
  const slowOf = async (create: () => ReturnType<typeof openArrivals>, random: () => number): Promise<number> => {
    // It answers nothing until the stall is over, and then everything.
    const held: Array<() => void> = []
    let isStalled = false
    const { target } = await startStandIn(t, {
      hold: (send) => {
        if (isStalled) held.push(send)
        else send()
      }
    })
    let over = false
    const timer = setTimeout(() => {
      isStalled = true
      setTimeout(() => {
        isStalled = false
        over = true
        for (const send of held) send()
      }, STALL_TIME)
    }, 200)
    t.teardown(() => { clearTimeout(timer) })

    const stalledAt = performance.now() + 200
    const record = await recordKind(create(), target, {
      random, until: ({ answers }) => over && answers.some(({ startedAt }) => startedAt > stalledAt + STALL_TIME)
    })

    t.strictSame(record.reasons, [])
    return record.answers.filter(({ startedAt, endedAt }) => endedAt - startedAt > STALL_TIME / 4).length
  }

  const open = await slowOf(() => openArrivals(200), MEAN_GAP)
  const closed = await slowOf(() => busyKeepAlive(1), () => 0)

  // 120 arrive in 0.6 s; those of the last quarter wait for less.
  t.ok(open >= 85, `${open} slow requests of 200 a second`)
  t.ok(closed <= 3, `${closed} slow requests of one client in a closed loop`)
})

await t.test('a connection that the server is about to close is not used', async (t) => {
  // Node's hint is 1 s, and clients leave a connection after half of it.
  const { target, connections } = await startStandIn(t, { keepAliveTimeout: 1000 })

  const record = await recordKind(openArrivals(1 / 0.7), target, { random: MEAN_GAP, until: ({ answers }) => answers.length >= 3 })

  t.strictSame(record.reasons, [])
  t.equal(connections(), 3)
})

await t.test('a stall of this program counts too', async (t) => {
  const { target } = await startStandIn(t)
  let stalled: { readonly from: number, readonly to: number } | undefined

  const record = await recordKind(openArrivals(200), target, {
    random: MEAN_GAP,
    until: ({ answers }) => {
      if (answers.length === 20) {
        const from = performance.now()
        while (performance.now() - from < STALL_TIME);
        stalled = { from, to: performance.now() }
      }
      return answers.length > 20 && answers.some(({ startedAt }) => stalled !== undefined && startedAt > stalled.to)
    }
  })

  const { from = 0, to = 0 } = stalled ?? {}
  const meanwhile = record.answers.filter(({ startedAt }) => startedAt > from && startedAt < to)
  t.ok(meanwhile.length >= 110, `${meanwhile.length} of 120 that should have come in 0.6 s`)
  t.ok(meanwhile.every(({ startedAt, endedAt }) => endedAt - startedAt >= to - startedAt))
})

await t.test('a request that finds no free connection in time is a failure', async (t) => {
  let answers = 0
  const { target, connections } = await startStandIn(t, {
    // Both connections, twice.
    hold: (send) => { if (++answers > 4) send() }
  })

  const record = await recordKind(openArrivals(100, { maxConnections: 2 }), target, {
    timeout: 1000, random: MEAN_GAP, until: ({ answers }) => answers.length > 0
  })

  t.ok(record.reasons.includes('timeout'))
  t.ok(record.reasons.includes('timeout before a connection was free'))
  t.ok(connections() <= 6, 'no more than two at once')
})

await t.test('the open model replaces the quick kinds', async (t) => {
  const kinds = createClientMix(10, { rate: 1500, hasHttp2: true })

  t.equal(kinds[0]?.name, 'open model, 1,500 a second')
  t.strictSame(kinds.filter(({ isQuick }) => isQuick), [kinds[0]])
  t.ok(kinds.length > 1)
})
