import { Readable } from 'node:stream'

import type { FastifyPluginAsyncJsonSchemaToTs } from '@fastify/type-provider-json-schema-to-ts'

import type { WorkerIdentity } from '../../worker/identity.ts'
import { pause } from '../pause.ts'

const EVENT_INTERVAL = 1000

/** How long a client waits before it connects again, to another worker. */
const RETRY_DELAY = 1000

const schema = {
  response: {
    200: { content: { 'text/event-stream': { schema: { description: 'an event a second, then a goodbye' } } } }
  }
} as const

/**
 * `GET /events` sends an event a second for as long as the client listens.
 *
 * Such an answer has no end of its own, so it would hold up a drain until the deadline: it says
 * goodbye when the drain begins, and the client connects again elsewhere.
 */
const events: FastifyPluginAsyncJsonSchemaToTs = async (fastify) => {
  const open = new Set<AbortController>()
  let isDraining = false

  fastify.addHook('preClose', async () => {
    isDraining = true
    for (const leaving of open) leaving.abort()
  })

  // For HEAD, Fastify would read the stream to an end that it does not have.
  fastify.get('/events', { schema, exposeHeadRoute: false }, async (request, reply) => {
    const leaving = new AbortController()
    request.signal.addEventListener('abort', () => leaving.abort())
    // A connection that is open already may still bring a request after the drain has begun.
    if (isDraining) leaving.abort()

    const stream = Readable.from(tick(fastify.worker, leaving.signal))
    open.add(leaving)
    stream.once('close', () => open.delete(leaving))

    reply.type('text/event-stream').header('cache-control', 'no-store')
    return reply.send(stream)
  })
}

async function * tick (worker: WorkerIdentity, signal: AbortSignal): AsyncGenerator<string> {
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
