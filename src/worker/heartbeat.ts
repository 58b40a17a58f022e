import { performance, type EventLoopUtilization } from 'node:perf_hooks'
import type { Load } from '../protocol/messages.ts'
import type { Drain } from './drain/drain.ts'

/** Milliseconds between two heartbeats. */
const INTERVAL = 1000

/** What a heartbeat needs of the world; a parameter for tests. */
export interface HeartbeatSystem {
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** @returns what ends it */
  readonly every: (interval: number, beat: () => void) => () => void
}

/**
 * Says every second how this worker is. One that does not any more hangs.
 *
 * @returns what ends it
 */
export function startHeartbeat (
  drain: Pick<Drain, 'progress' | 'served'>, send: (load: Load) => void, system: HeartbeatSystem = { now: () => performance.now(), every }, interval = INTERVAL
): () => void {
  let last: { at: number, loop: EventLoopUtilization } = { at: system.now(), loop: performance.eventLoopUtilization() }
  return system.every(interval, () => {
    const now = system.now()
    const loop = performance.eventLoopUtilization()
    const { heapUsed, rss } = process.memoryUsage()
    const { requests, connections } = drain.progress()
    send({
      // How late this timer is: nothing else has to run for it.
      eventLoopDelay: Math.max(0, now - last.at - interval),
      eventLoopUtilization: performance.eventLoopUtilization(loop, last.loop).utilization,
      heapUsed,
      rss,
      requests,
      connections,
      served: drain.served
    })
    last = { at: now, loop }
  })
}

/** Does not keep the process from its end. */
function every (interval: number, beat: () => void): () => void {
  const timer = setInterval(beat, interval)
  timer.unref()
  return () => { clearInterval(timer) }
}
