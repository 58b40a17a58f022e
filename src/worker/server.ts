import type { RequestListener, Server, ServerOptions } from 'node:http'
import Fastify, {
  LogController, type FastifyBaseLogger, type FastifyInstance, type FastifyServerOptions
} from 'fastify'
import type { Config } from '../config/config.ts'
import { HealthRouteTakenError } from '../errors.ts'
import type { PoolView } from '../protocol/messages.ts'
import type { Application } from './application.ts'
import type { WorkerBus } from './bus.ts'
import { createDrainableServer } from './drain/drainable-server.ts'
import type { Drain } from './drain/drain.ts'
import type { TlsOptions } from './drain/secure-server.ts'
import type { WorkerIdentity } from './identity.ts'
import type { MeasurementCollector } from './metrics/collector.ts'
import { health } from './plugins/health.ts'
import { injectWhileDraining } from './plugins/inject.ts'
import { meter } from './plugins/meter.ts'
import { shed, watchPressure } from './plugins/pressure.ts'
import { requestIds } from './request-id.ts'

export interface ServerParts {
  readonly application: Application
  readonly bus: WorkerBus
  readonly collector: MeasurementCollector
  readonly config: Config
  readonly drain: Drain
  readonly log: FastifyBaseLogger
  readonly pool: () => PoolView
  /** Undefined for plain HTTP. */
  readonly tls?: TlsOptions | undefined
  readonly worker: WorkerIdentity
}

/**
 * Builds the Fastify server of one worker, with the application registered and ready, but not listening.
 *
 * The application and the health routes have separate contexts: hooks and handlers of the application do not
 * affect the health routes, and only requests to the application are shed.
 */
export async function buildServer (parts: ServerParts): Promise<FastifyInstance> {
  const { application, bus, collector, config, drain, log, pool, tls, worker } = parts
  let handler: RequestListener | undefined
  const fastify = Fastify({
    keepAliveTimeout: config.keepAliveTimeout,
    ...application.options,
    ...requestIds(application.options),
    loggerInstance: log,
    logController: new RequestLog(config.logRequests),
    return503OnClosing: false,
    serverFactory: (fastifyHandler, options) => {
      handler = fastifyHandler as RequestListener
      if (config.workerHeader) handler = addWorkerHeader(handler, worker)
      return createServer(drain, options as FastifyServerOptions, handler, tls)
    }
  }) as unknown as FastifyInstance

  fastify.decorate('worker', worker)
  fastify.decorate('workers', bus)
  injectWhileDraining(fastify, handler as unknown as RequestListener, () => drain.isDraining)
  meter(fastify, collector.requests)
  try {
    const isUnderPressure = await watchPressure(fastify, config.pressure)
    if (config.healthPrefix !== '') {
      await fastify.register(health, { prefix: config.healthPrefix, worker, pool, isUnderPressure })
    }
    await fastify.register(async (context) => {
      shed(context, isUnderPressure, collector.countShed)
      await context.register(application.plugin)
    })
    await fastify.ready()
    return fastify
  } catch (error) {
    throw explainError(error, config.healthPrefix)
  }
}

/** Sets what Fastify sets on a server that it makes itself, and leaves to a `serverFactory`. */
function createServer (
  drain: Drain,
  options: FastifyServerOptions & { http?: ServerOptions },
  handler: RequestListener,
  tls: TlsOptions | undefined
): Server {
  const server = createDrainableServer(drain, options.http ?? {}, handler, tls)
  server.keepAliveTimeout = options.keepAliveTimeout as number
  server.requestTimeout = options.requestTimeout as number
  server.setTimeout(options.connectionTimeout)
  server.maxRequestsPerSocket = options.maxRequestsPerSocket as number
  return server
}

/** Always logs errors; Fastify's `disableRequestLogging` would suppress them as well. */
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

/** Not a hook, because Fastify sends some answers without running hooks: to a malformed URL, for example. */
function addWorkerHeader (handler: RequestListener, { slot, generation, pid }: WorkerIdentity): RequestListener {
  return (request, response) => {
    response.setHeader('x-baton-worker', `${slot}/${generation}/${pid}`)
    handler(request, response)
  }
}

/** @returns an error that names HEALTH_PREFIX when the application has a health route; otherwise the same error */
function explainError (error: unknown, prefix: string): unknown {
  if (prefix === '') return error
  const { code, message } = error as NodeJS.ErrnoException
  const routes = ['live', 'ready'].map((name) => `${prefix}/${name}`)
  const taken = routes.find((path) => String(message).includes(`'${path}'`))
  return code === 'FST_ERR_DUPLICATED_ROUTE' && taken !== undefined ? new HealthRouteTakenError(taken) : error
}
