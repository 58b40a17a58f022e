import Fastify, { type FastifyInstance } from 'fastify'

/** Connections at the same time: further ones are closed. */
const MAX_CONNECTIONS = 100
/** Milliseconds for a request to arrive: no client can hold a connection by sending nothing. */
const REQUEST_TIMEOUT = 10_000
/** Milliseconds between two checks for requests that take longer. */
const TIMEOUT_CHECK_INTERVAL = 1_000
const KEEP_ALIVE_TIMEOUT = 5_000
/** Bytes of a request's body. */
const BODY_LIMIT = 16 * 1024

/**
 * Builds a server of the control room. It does not listen yet: a UNIX socket needs more than Fastify's `listen()` does.
 *
 * @param register adds the routes
 */
export async function buildControlServer (register: (fastify: FastifyInstance) => Promise<void>): Promise<FastifyInstance> {
  const fastify = Fastify({
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
    http: { headersTimeout: REQUEST_TIMEOUT, connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL },
    // A body is taken as it is, or refused.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } }
  })
  fastify.server.maxConnections = MAX_CONNECTIONS
  takeJson(fastify)
  nameMethods(fastify)
  await register(fastify)
  await fastify.ready()
  return fastify
}

/**
 * Answers what has arrived, and accepts nothing more.
 *
 * @param timeout milliseconds after which the connections that are left are cut
 */
export async function closeControlServer ({ server }: FastifyInstance, timeout: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => { server.closeAllConnections() }, timeout)
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/** Every body is JSON, whatever content type a client such as curl gives it. */
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

/** 405 where another method would be right, and 404 elsewhere. */
function nameMethods (fastify: FastifyInstance): void {
  fastify.setNotFoundHandler(async (request, reply) => {
    const [url = ''] = request.url.split('?')
    const allowed = ['GET', 'POST'].filter((method) => fastify.hasRoute({ method, url }))
    if (allowed.length === 0) return await reply.code(404).send({ statusCode: 404, error: 'Not Found', message: `there is no ${url} here` })
    reply.header('allow', allowed.join(', '))
    return await reply.code(405).send({ statusCode: 405, error: 'Method Not Allowed', message: `${url} answers ${allowed.join(', ')}, and not ${request.method}` })
  })
}
