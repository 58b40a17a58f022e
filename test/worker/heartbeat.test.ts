import { EventEmitter, once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { getHeapStatistics } from 'node:v8'
import t from 'tap'
import { unwrap, wrap, type Load } from '../../src/protocol/messages.ts'
import { startHeartbeat, type HeartbeatSystem } from '../../src/worker/heartbeat.ts'
import { DEADLINE } from '../helpers/wait-until.ts'

const DRAIN = { progress: () => ({ requests: 1, connections: 2 }), served: 3 }

interface Clock extends HeartbeatSystem {
  readonly interval: number
  readonly isRunning: boolean
  /** Moves the time and lets the timer fire. */
  readonly beatAfter: (time: number) => void
}

function fakeClock (): Clock {
  let now = 1000
  let timer: { readonly interval: number, readonly beat: () => void } | undefined
  return {
    now: () => now,
    every: (interval, beat) => {
      timer = { interval, beat }
      return () => { timer = undefined }
    },
    get interval () { return timer?.interval ?? NaN },
    get isRunning () { return timer !== undefined },
    beatAfter: (time) => {
      now += time
      timer?.beat()
    }
  }
}

function hasTimer (): boolean {
  return process.getActiveResourcesInfo().includes('Timeout')
}

await t.test('a heartbeat comes every second and says all that the primary wants to know', async (t) => {
  const clock = fakeClock()
  const loads: Load[] = []
  startHeartbeat(DRAIN, (load) => { loads.push(load) }, clock)

  t.equal(clock.interval, 1000)
  t.strictSame(loads, [], 'none before the first second')
  clock.beatAfter(1000)
  clock.beatAfter(1000)

  t.equal(loads.length, 2)
  for (const load of loads) {
    const { eventLoopUtilization, heapUsed, rss, ...others } = load
    t.strictSame(others, { eventLoopDelay: 0, requests: 1, connections: 2, served: 3 })
    t.ok(heapUsed > 0 && heapUsed <= getHeapStatistics().total_heap_size, `${heapUsed} bytes of heap`)
    t.ok(rss >= heapUsed, `${rss} bytes of memory`)
    t.ok(eventLoopUtilization >= 0 && eventLoopUtilization <= 1, `utilization ${eventLoopUtilization}`)
    t.strictSame(unwrap(JSON.parse(JSON.stringify(wrap({ type: 'heartbeat', load })))), { type: 'heartbeat', load })
  }
})

await t.test('a heartbeat says what the drain holds at that moment', async (t) => {
  const clock = fakeClock()
  const loads: Load[] = []
  const drain = { progress: () => ({ requests: drain.served, connections: 2 * drain.served }), served: 0 }
  startHeartbeat(drain, (load) => { loads.push(load) }, clock)

  for (const served of [0, 7]) {
    drain.served = served
    clock.beatAfter(1000)
  }

  t.match(loads, [{ requests: 0, connections: 0, served: 0 }, { requests: 7, connections: 14, served: 7 }])
})

await t.test('the delay is how late a heartbeat is after the one before', async (t) => {
  const clock = fakeClock()
  const loads: Load[] = []
  startHeartbeat(DRAIN, (load) => { loads.push(load) }, clock)

  for (const time of [1250, 1000, 999.5, 61_000]) clock.beatAfter(time)

  t.strictSame(loads.map(({ eventLoopDelay }) => eventLoopDelay), [250, 0, 0, 60_000])
})

await t.test('the utilization is that since the heartbeat before: near 1 for a loop that only works', async (t) => {
  // Before its first turn a loop has none.
  await turn()
  const clock = fakeClock()
  const loads: Load[] = []
  startHeartbeat(DRAIN, (load) => { loads.push(load) }, clock)
  clock.beatAfter(1000)

  for (const end = performance.now() + 5; performance.now() < end;);
  clock.beatAfter(1000)

  const { eventLoopUtilization } = loads[1] as Load
  t.ok(eventLoopUtilization > 0.9 && eventLoopUtilization <= 1, `utilization ${eventLoopUtilization}`)
})

await t.test('a heartbeat that is ended is no more', async (t) => {
  const clock = fakeClock()
  const end = startHeartbeat(DRAIN, () => {}, clock)
  t.ok(clock.isRunning)

  end()

  t.notOk(clock.isRunning)
})

await t.test('the real timer does not keep a process from its end', async (t) => {
  const before = hasTimer()

  t.teardown(startHeartbeat(DRAIN, () => {}))

  t.notOk(before, 'no other timer is there')
  t.notOk(hasTimer())
})

await t.test('the real timer beats until it is ended', async (t) => {
  const emitter = new EventEmitter()
  const counts = { ended: 0, other: 0 }
  const signal = AbortSignal.timeout(DEADLINE)
  // Timers that are unref'd: something has to keep this process.
  const awake = setInterval(() => {}, DEADLINE)
  t.teardown(() => { clearInterval(awake) })
  const end = startHeartbeat(DRAIN, () => { counts.ended++; emitter.emit('beat') }, undefined, 1)
  await once(emitter, 'beat', { signal })

  end()
  const countAtEnd = counts.ended
  t.teardown(startHeartbeat(DRAIN, () => { if (++counts.other === 3) emitter.emit('third') }, undefined, 1))
  await once(emitter, 'third', { signal })

  t.equal(counts.ended, countAtEnd)
})
