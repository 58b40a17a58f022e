import underPressure from '@fastify/under-pressure'
import createError from '@fastify/error'
import type { FastifyInstance } from 'fastify'
import type { PressureLimits } from '../../config.ts'

/** Milliseconds between two measurements of under-pressure. */
const SAMPLE = 1000
/** Seconds after which a client that was turned away may come again. */
const RETRY_AFTER = 10

const UnderPressureError = createError('FST_UNDER_PRESSURE', 'Service Unavailable', 503)

/**
 * Measures the load of this process.
 *
 * under-pressure lives in a context of its own: an application that registers it as well finds its
 * decorators free, and routes outside of the application are not shed.
 *
 * A worker that has just started measures its own start, which keeps the event loop busy without a request:
 * what it says counts from the second measurement after the start on.
 *
 * @returns whether requests should be shed now; never when all limits are off
 */
export async function watchPressure (root: FastifyInstance, limits: PressureLimits): Promise<() => boolean> {
  if (Object.values(limits).every((limit) => limit === 0)) return () => false
  const measuring: FastifyInstance[] = []
  let startedAt = Infinity
  root.addHook('onReady', async () => { startedAt = performance.now() })
  await root.register(async (context) => {
    // By interval: the utilization since the start says nothing about now.
    await context.register(underPressure, { ...limits, eventLoopUtilizationMode: 'interval', retryAfter: RETRY_AFTER, sampleInterval: SAMPLE })
    measuring.push(context)
  })
  return () => performance.now() - startedAt > 2 * SAMPLE && measuring.some((context) => context.isUnderPressure())
}

/**
 * Answers 503 with `Retry-After` to every request of this context while the process is under pressure.
 *
 * @param count called for each of them
 */
export function shed (context: FastifyInstance, isUnderPressure: () => boolean, count: () => void): void {
  context.addHook('onRequest', (_request, reply, done) => {
    if (!isUnderPressure()) { done(); return }
    count()
    reply.header('retry-after', RETRY_AFTER)
    done(new UnderPressureError())
  })
}
