import { EventEmitter, once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { getHeapStatistics } from 'node:v8'
import t from 'tap'
import { unwrap, wrap, type Load } from '../../src/protocol/messages.ts'
import { startHeartbeat, type HeartbeatClock } from '../../src/worker/heartbeat.ts'
import { DEADLINE } from '../helpers/wait-until.ts'

const DRAIN = { progress: () => ({ requests: 1, connections: 2 }), served: 3 }

interface FakeClock extends HeartbeatClock {
  readonly interval: number
  readonly isRunning: boolean
  /** Advances the time and fires the timer. */
  readonly beatAfter: (time: number) => void
}

function fakeClock (): FakeClock {
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

await t.test('a heartbeat is sent every second, with all fields of the load', async (t) => {
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

await t.test('a heartbeat has the current requests and connections', async (t) => {
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

await t.test('the delay is how late a heartbeat is, counted from the previous one', async (t) => {
  const clock = fakeClock()
  const loads: Load[] = []
  startHeartbeat(DRAIN, (load) => { loads.push(load) }, clock)

  for (const time of [1250, 1000, 999.5, 61_000]) clock.beatAfter(time)

  t.strictSame(loads.map(({ eventLoopDelay }) => eventLoopDelay), [250, 0, 0, 60_000])
})

await t.test('the utilization is counted from the previous heartbeat: near 1 for a busy loop', async (t) => {
  // An event loop has no utilization before its first turn.
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

await t.test('a heartbeat can be stopped', async (t) => {
  const clock = fakeClock()
  const stop = startHeartbeat(DRAIN, () => {}, clock)
  t.ok(clock.isRunning)

  stop()

  t.notOk(clock.isRunning)
})

await t.test('the real timer does not keep the process running', async (t) => {
  const before = hasTimer()

  t.teardown(startHeartbeat(DRAIN, () => {}))

  t.notOk(before, 'there is no other timer')
  t.notOk(hasTimer())
})

await t.test('the real timer fires until it is stopped', async (t) => {
  const emitter = new EventEmitter()
  const counts = { stopped: 0, other: 0 }
  const signal = AbortSignal.timeout(DEADLINE)
  // The timers are unref'd: this one keeps the process running.
  const awake = setInterval(() => {}, DEADLINE)
  t.teardown(() => { clearInterval(awake) })
  const stop = startHeartbeat(DRAIN, () => { counts.stopped++; emitter.emit('beat') }, undefined, 1)
  await once(emitter, 'beat', { signal })

  stop()
  const countAtStop = counts.stopped
  t.teardown(startHeartbeat(DRAIN, () => { if (++counts.other === 3) emitter.emit('third') }, undefined, 1))
  await once(emitter, 'third', { signal })

  t.equal(counts.stopped, countAtStop)
})
