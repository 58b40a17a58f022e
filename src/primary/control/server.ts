import type { FastifyInstance } from 'fastify'

/** Open connections at the same time; any more are closed. */
const MAX_CONNECTIONS = 100
/** Milliseconds for a request to arrive, so that a silent client cannot hold a connection. */
const REQUEST_TIMEOUT = 10_000
/** Milliseconds between two checks for requests that exceed that. */
const TIMEOUT_CHECK_INTERVAL = 1_000
const KEEP_ALIVE_TIMEOUT = 5_000
/** Bytes of a request's body. */
const BODY_LIMIT = 16 * 1024

/**
 * Builds a server for the control socket or the port for metrics. It does not listen yet: a UNIX socket needs more than
 * Fastify's `listen()` does.
 *
 * @param register adds the routes
 */
export async function buildControlServer (register: (fastify: FastifyInstance) => Promise<void>): Promise<FastifyInstance> {
  // Loading it is a third of a start, which an instance without a control room is spared.
  const { default: Fastify } = await import('fastify')
  const fastify = Fastify({
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
    http: { headersTimeout: REQUEST_TIMEOUT, connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL },
    // A body is accepted as it was sent, or refused; Fastify's default would change it.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } }
  })
  fastify.server.maxConnections = MAX_CONNECTIONS
  parseEveryBodyAsJson(fastify)
  answerWrongMethods(fastify)
  await register(fastify)
  await fastify.ready()
  return fastify
}

/**
 * Answers the requests that have arrived, and accepts no more.
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

/** The content type does not matter: curl, for one, sends another one by default. */
function parseEveryBodyAsJson (fastify: FastifyInstance): void {
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

/** 405 when the path exists with another method, otherwise 404. */
function answerWrongMethods (fastify: FastifyInstance): void {
  fastify.setNotFoundHandler(async (request, reply) => {
    const [url = ''] = request.url.split('?')
    const allowed = ['GET', 'POST'].filter((method) => fastify.hasRoute({ method, url }))
    if (allowed.length === 0) return await reply.code(404).send({ statusCode: 404, error: 'Not Found', message: `there is no ${url} here` })
    reply.header('allow', allowed.join(', '))
    const message = `${url} allows ${allowed.join(', ')}, not ${request.method}`
    return await reply.code(405).send({ statusCode: 405, error: 'Method Not Allowed', message })
  })
}
