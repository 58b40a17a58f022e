import type { RequestListener, Server, ServerOptions } from 'node:http'
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Config } from '../config/config.ts'
import { HealthRouteTakenError } from '../errors.ts'
import type { PoolView } from '../protocol/messages.ts'
import type { Application } from './application.ts'
import type { WorkerBus } from './bus.ts'
import { createDrainableServer } from './drain/drainable-server.ts'
import type { Drain } from './drain/drain.ts'
import type { WorkerIdentity } from './identity.ts'
import type { WorkerMeasurements } from './metrics/measurements.ts'
import { health } from './plugins/health.ts'
import { injectWhileDraining } from './plugins/inject.ts'
import { meter } from './plugins/meter.ts'
import { shed, watchPressure } from './plugins/pressure.ts'
import { requestIds } from './request-id.ts'
import type { TlsOptions } from './drain/secure-server.ts'

export interface ServerParts {
  readonly application: Application
  readonly bus: WorkerBus
  readonly config: Config
  readonly drain: Drain
  readonly log: FastifyBaseLogger
  readonly measurements: WorkerMeasurements
  readonly pool: () => PoolView
  /** Undefined for plain HTTP. */
  readonly tls?: TlsOptions | undefined
  readonly worker: WorkerIdentity
}

/**
 * Builds the Fastify server of one worker, with the application registered and ready, not listening yet.
 *
 * The application has a context of its own beside that of the health routes: its hooks and handlers do
 * not reach them, and shedding reaches only it.
 */
export async function buildServer (parts: ServerParts): Promise<FastifyInstance> {
  const { application, bus, config, drain, log, measurements, pool, tls, worker } = parts
  let handler: RequestListener | undefined
  const fastify = Fastify({
    keepAliveTimeout: config.keepAliveTimeout,
    ...application.options,
    ...requestIds(application.options),
    loggerInstance: log,
    logController: new RequestLog(config.logRequests),
    return503OnClosing: false,
    serverFactory: (given, options) => {
      handler = config.workerHeader ? nameWorker(given as RequestListener, worker) : given as RequestListener
      return createServer(drain, options as FastifyServerOptions, handler, tls)
    }
  }) as unknown as FastifyInstance

  fastify.decorate('worker', worker)
  fastify.decorate('workers', bus)
  injectWhileDraining(fastify, handler as unknown as RequestListener, () => drain.isDraining)
  meter(fastify, measurements.requests)
  try {
    const isUnderPressure = await watchPressure(fastify, config.pressure)
    if (config.healthPrefix !== '') {
      await fastify.register(health, { prefix: config.healthPrefix, worker, pool, isUnderPressure })
    }
    await fastify.register(async (context) => {
      shed(context, isUnderPressure, measurements.countShed)
      await context.register(application.plugin)
    })
    await fastify.ready()
    return fastify
  } catch (error) {
    throw explain(error, config.healthPrefix)
  }
}

/** What Fastify sets on a server of its own making, it leaves to the factory on this one. */
function createServer (
  drain: Drain, options: FastifyServerOptions & { http?: ServerOptions }, handler: RequestListener, tls: TlsOptions | undefined
): Server {
  const server = createDrainableServer(drain, options.http ?? {}, handler, tls)
  server.keepAliveTimeout = options.keepAliveTimeout as number
  server.requestTimeout = options.requestTimeout as number
  server.setTimeout(options.connectionTimeout)
  server.maxRequestsPerSocket = options.maxRequestsPerSocket as number
  return server
}

/** Errors are logged in any case, which Fastify's `disableRequestLogging` would suppress as well. */
class RequestLog extends LogController {
  readonly #logsRequests: boolean

  constructor (logsRequests: boolean) {
    super()
    this.#logsRequests = logsRequests
  }

  override incomingRequest (...parameters: Parameters<LogController['incomingRequest']>): void {
    if (this.#logsRequests) super.incomingRequest(...parameters)
  }

  override requestCompleted (...parameters: Parameters<LogController['requestCompleted']>): void {
    const [error] = parameters
    if (this.#logsRequests || error != null) super.requestCompleted(...parameters)
  }
}

/** In front of Fastify, because some of its answers run no hooks: that to a malformed URL, for one. */
function nameWorker (handler: RequestListener, { slot, generation, pid }: WorkerIdentity): RequestListener {
  return (request, response) => {
    response.setHeader('x-baton-worker', `${slot}/${generation}/${pid}`)
    handler(request, response)
  }
}

function explain (error: unknown, prefix: string): unknown {
  if (prefix === '') return error
  const { code, message } = error as NodeJS.ErrnoException
  const taken = ['live', 'ready'].map((name) => `${prefix}/${name}`).find((path) => String(message).includes(`'${path}'`))
  return code === 'FST_ERR_DUPLICATED_ROUTE' && taken !== undefined ? new HealthRouteTakenError(taken) : error
}
