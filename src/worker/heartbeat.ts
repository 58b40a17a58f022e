import { performance, type EventLoopUtilization } from 'node:perf_hooks'
import type { Load } from '../messages.ts'
import type { Drain } from './drain.ts'

/** Milliseconds between two heartbeats. */
const INTERVAL = 1000

/**
 * Says every second how this worker is. One that does not any more hangs.
 *
 * @returns what ends it
 */
export function startHeartbeat (drain: Drain, send: (load: Load) => void, interval = INTERVAL): () => void {
  let last: { at: number, loop: EventLoopUtilization } = { at: performance.now(), loop: performance.eventLoopUtilization() }
  const timer = setInterval(() => {
    const now = performance.now()
    const loop = performance.eventLoopUtilization()
    const { heapUsed, rss } = process.memoryUsage()
    send({
      // How late this timer is: nothing else has to run for it.
      eventLoopDelay: Math.max(0, now - last.at - interval),
      eventLoopUtilization: performance.eventLoopUtilization(loop, last.loop).utilization,
      heapUsed,
      rss,
      ...drain.progress(),
      served: drain.served
    })
    last = { at: now, loop }
  }, interval)
  timer.unref()
  return () => { clearInterval(timer) }
}
