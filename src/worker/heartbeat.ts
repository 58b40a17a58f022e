import { performance, type EventLoopUtilization } from 'node:perf_hooks'
import type { Load } from '../protocol/messages.ts'
import type { Drain } from './drain/drain.ts'

const HEARTBEAT_INTERVAL = 1000

/** The real clock, or that of a test. */
export interface HeartbeatClock {
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** @returns a function that stops it */
  readonly every: (interval: number, beat: () => void) => () => void
}

const CLOCK: HeartbeatClock = { now: () => performance.now(), every }

/**
 * Sends the load of this worker every second. The primary takes a worker that stops sending it for hung.
 *
 * @returns a function that stops it
 */
export function startHeartbeat (
  drain: Pick<Drain, 'progress' | 'served'>, send: (load: Load) => void, clock = CLOCK, interval = HEARTBEAT_INTERVAL
): () => void {
  let last: { at: number, loop: EventLoopUtilization } = { at: clock.now(), loop: performance.eventLoopUtilization() }
  return clock.every(interval, () => {
    const now = clock.now()
    const loop = performance.eventLoopUtilization()
    const { heapUsed, rss } = process.memoryUsage()
    const { requests, connections } = drain.progress()
    send({
      // How late this timer fires: measuring it needs no timer of its own.
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

/** Unref'd: it does not keep the process running. */
function every (interval: number, beat: () => void): () => void {
  const timer = setInterval(beat, interval)
  timer.unref()
  return () => { clearInterval(timer) }
}
