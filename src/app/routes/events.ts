import { Readable } from 'node:stream'

import type { FastifyPluginAsyncJsonSchemaToTs } from '@fastify/type-provider-json-schema-to-ts'

import type { WorkerIdentity } from '../../worker/identity.ts'
import { pause } from '../pause.ts'

const EVENT_INTERVAL = 1000

/** Milliseconds that a client waits before it reconnects, to another worker. */
const RETRY_DELAY = 1000

const schema = {
  response: {
    200: { content: { 'text/event-stream': { schema: { description: 'an event every second, then a goodbye' } } } }
  }
} as const

/**
 * `GET /events` sends an event every second, until the client disconnects.
 *
 * Such an answer would hold up a drain until the deadline. So it ends with a `goodbye` event when the drain begins, and
 * the client reconnects to another worker.
 */
const events: FastifyPluginAsyncJsonSchemaToTs = async (fastify) => {
  const open = new Set<AbortController>()
  let isDraining = false

  fastify.addHook('preClose', async () => {
    isDraining = true
    for (const controller of open) controller.abort()
  })

  // For HEAD, Fastify would read the stream to its end, which never comes.
  fastify.get('/events', { schema, exposeHeadRoute: false }, async (request, reply) => {
    const controller = new AbortController()
    request.signal.addEventListener('abort', () => controller.abort())
    // During a drain a request can still come on an open connection.
    if (isDraining) controller.abort()

    const stream = Readable.from(generateEvents(fastify.worker, controller.signal))
    open.add(controller)
    stream.once('close', () => open.delete(controller))

    reply.type('text/event-stream').header('cache-control', 'no-store')
    return reply.send(stream)
  })
}

async function * generateEvents (worker: WorkerIdentity, signal: AbortSignal): AsyncGenerator<string> {
  let count = 0
  const data = () => `data: ${JSON.stringify({ count, ...worker })}\n\n`

  yield `retry: ${RETRY_DELAY}\n\n`
  do {
    count++
    yield data()
  } while (await pause(EVENT_INTERVAL, signal))
  yield `event: goodbye\n${data()}`
}

export default events
