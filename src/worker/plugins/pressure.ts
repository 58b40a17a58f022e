import underPressure from '@fastify/under-pressure'
import createError from '@fastify/error'
import type { FastifyInstance } from 'fastify'
import type { PressureLimits } from '../../config/config.ts'

/** Milliseconds between two measurements of under-pressure. */
const SAMPLE_INTERVAL = 1000
/** Milliseconds between two checks: more than SAMPLE_INTERVAL, so that each check has a new measurement. */
const PRESSURE_CHECK_INTERVAL = 1500
/** Seconds after which a client whose request was shed may try again. */
const RETRY_AFTER = 10

const UnderPressureError = createError('FST_UNDER_PRESSURE', 'Service Unavailable', 503)

/**
 * Measures the load of this process.
 *
 * under-pressure has a context of its own: so an application can register it as well without a conflict of
 * decorators, and routes outside of the application are not shed.
 *
 * Pressure counts when two checks in a row find it. A pause of a second (the start of this worker, or of others during
 * a reload, or a CPU quota) is over by the time that it is measured, and the requests that waited can be answered.
 *
 * @returns whether requests should be shed now; never when all limits are off
 */
export async function watchPressure (root: FastifyInstance, limits: PressureLimits): Promise<() => boolean> {
  if (Object.values(limits).every((limit) => limit === 0)) return () => false
  const contexts: FastifyInstance[] = []
  const exceedsLimits = (): boolean => contexts.some((context) => context.isUnderPressure())
  let [exceededLimits, lasts] = [false, false]
  let timer: NodeJS.Timeout | undefined
  root.addHook('onReady', async () => {
    timer = setInterval(() => {
      const exceedsNow = exceedsLimits()
      lasts = exceedsNow && exceededLimits
      exceededLimits = exceedsNow
    }, PRESSURE_CHECK_INTERVAL).unref()
  })
  root.addHook('onClose', async () => { clearInterval(timer) })
  await root.register(async (context) => {
    await context.register(underPressure, {
      ...limits,
      // Otherwise the utilization is the average since the start.
      eventLoopUtilizationMode: 'interval',
      retryAfter: RETRY_AFTER,
      sampleInterval: SAMPLE_INTERVAL
    })
    contexts.push(context)
  })
  return () => lasts && exceedsLimits()
}

/**
 * Answers 503 with `Retry-After` to every request of this context while the process is under pressure.
 *
 * @param count called for each request that is shed
 */
export function shed (context: FastifyInstance, isUnderPressure: () => boolean, count: () => void): void {
  context.addHook('onRequest', (_request, reply, done) => {
    if (!isUnderPressure()) { done(); return }
    count()
    reply.header('retry-after', RETRY_AFTER)
    done(new UnderPressureError())
  })
}
