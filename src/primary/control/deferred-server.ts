import { createServer, type RequestListener, type Server } from 'node:http'
import Fastify, { type FastifyInstance } from 'fastify'

/** Connections at the same time: whoever opens more has them closed. */
const MAX_CONNECTIONS = 100
/** Milliseconds for a request to arrive: no client can hold a connection by sending nothing. */
const REQUEST_TIMEOUT = 10_000
/** Milliseconds between two looks for requests that take longer. */
const CHECKING_INTERVAL = 1_000
const KEEP_ALIVE_TIMEOUT = 5_000
/** Bytes of a request's body. */
const BODY_LIMIT = 16 * 1024

/**
 * A server that can listen before there is anything to answer with: a socket is claimed before the first worker is
 * forked, and what serves it is built while the workers start. Requests that come before that wait.
 */
export class DeferredServer {
  readonly server: Server
  #handle!: (handler: RequestListener) => void

  constructor () {
    const handler = new Promise<RequestListener>((resolve) => { this.#handle = resolve })
    const options = {
      requestTimeout: REQUEST_TIMEOUT, headersTimeout: REQUEST_TIMEOUT, connectionsCheckingInterval: CHECKING_INTERVAL, keepAliveTimeout: KEEP_ALIVE_TIMEOUT
    }
    this.server = createServer(options, (request, response) => { handler.then((handle) => { handle(request, response) }, () => {}) })
    this.server.maxConnections = MAX_CONNECTIONS
  }

  /** @param register adds the routes */
  async serve (register: (fastify: FastifyInstance) => Promise<void>): Promise<void> {
    let handler: RequestListener | undefined
    const fastify = Fastify({
      bodyLimit: BODY_LIMIT,
      // What is asked for is taken as it is, or refused.
      ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
      serverFactory: (given) => {
        handler = given as RequestListener
        return this.server
      }
    })
    takeJson(fastify)
    nameMethods(fastify)
    await register(fastify)
    await fastify.ready()
    this.#handle(handler as unknown as RequestListener)
  }

  /** Answers what it has to answer already, and takes no more; what then is left is cut. */
  async close (timeout: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => { this.server.closeAllConnections() }, timeout)
      this.server.close(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}

/** Every body is JSON, whatever a client such as curl calls it. */
function takeJson (fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    if (body === '') { done(null, undefined); return }
    try {
      done(null, JSON.parse(body as string))
    } catch (error) {
      done(Object.assign(new Error(`the body is not JSON: ${(error as Error).message}`), { statusCode: 400 }))
    }
  })
}

/** 405 where another method would do, and 404 elsewhere. */
function nameMethods (fastify: FastifyInstance): void {
  fastify.setNotFoundHandler(async (request, reply) => {
    const [url = ''] = request.url.split('?')
    const allowed = ['GET', 'POST'].filter((method) => fastify.hasRoute({ method, url }))
    if (allowed.length === 0) return await reply.code(404).send({ statusCode: 404, error: 'Not Found', message: `there is no ${url} here` })
    reply.header('allow', allowed.join(', '))
    return await reply.code(405).send({ statusCode: 405, error: 'Method Not Allowed', message: `${url} answers ${allowed.join(', ')}, and not ${request.method}` })
  })
}
