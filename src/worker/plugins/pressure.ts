import underPressure from '@fastify/under-pressure'
import createError from '@fastify/error'
import type { FastifyInstance } from 'fastify'
import type { PressureLimits } from '../../config/config.ts'

/** Milliseconds between two measurements of under-pressure. */
const SAMPLE = 1000
/** Milliseconds between two looks at it: more than that, so that each sees another measurement. */
const LOOK = 1500
/** Seconds after which a client that was turned away may come again. */
const RETRY_AFTER = 10

const UnderPressureError = createError('FST_UNDER_PRESSURE', 'Service Unavailable', 503)

/**
 * Measures the load of this process.
 *
 * under-pressure lives in a context of its own: an application that registers it as well finds its
 * decorators free, and routes outside of the application are not shed.
 *
 * Only pressure that lasts counts, which two looks in a row find: what took one second from this process (its own start, that
 * of other workers during a reload, a quota of the CPU) is over when it is known, and the requests that waited can be answered.
 *
 * @returns whether requests should be shed now; never when all limits are off
 */
export async function watchPressure (root: FastifyInstance, limits: PressureLimits): Promise<() => boolean> {
  if (Object.values(limits).every((limit) => limit === 0)) return () => false
  const measuring: FastifyInstance[] = []
  const isFound = (): boolean => measuring.some((context) => context.isUnderPressure())
  let [wasFound, lasts] = [false, false]
  let timer: NodeJS.Timeout | undefined
  root.addHook('onReady', async () => {
    timer = setInterval(() => {
      const found = isFound()
      lasts = found && wasFound
      wasFound = found
    }, LOOK).unref()
  })
  root.addHook('onClose', async () => { clearInterval(timer) })
  await root.register(async (context) => {
    // By interval: the utilization since the start says nothing about now.
    await context.register(underPressure, { ...limits, eventLoopUtilizationMode: 'interval', retryAfter: RETRY_AFTER, sampleInterval: SAMPLE })
    measuring.push(context)
  })
  return () => lasts && isFound()
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
