import { Readable } from 'node:stream'

import type { FastifyPluginAsyncJsonSchemaToTs } from '@fastify/type-provider-json-schema-to-ts'

import { pause } from '../pause.ts'

const schema = {
  querystring: {
    type: 'object',
    properties: {
      chunks: { type: 'integer', minimum: 1, maximum: 10_000, default: 10 },
      ms: { type: 'integer', minimum: 0, maximum: 10_000, default: 100 }
    },
    additionalProperties: false
  },
  response: {
    200: { content: { 'text/plain': { schema: { description: 'a line for each chunk' } } } }
  }
} as const

/** `GET /stream?chunks=10&ms=100` sends `chunk 0` to `chunk 9`, a line each, and waits in between. */
const stream: FastifyPluginAsyncJsonSchemaToTs = async (fastify) => {
  // For HEAD, Fastify would read the whole stream and discard it.
  fastify.get('/stream', { schema, exposeHeadRoute: false }, async (request, reply) => {
    const { chunks, ms } = request.query

    reply.type('text/plain; charset=utf-8')
    return reply.send(Readable.from(lines(chunks, ms, request.signal)))
  })
}

/** Generates a line only once the client has taken the previous one. */
async function * lines (chunks: number, ms: number, signal: AbortSignal): AsyncGenerator<string> {
  yield 'chunk 0\n'
  for (let chunk = 1; chunk < chunks; chunk++) {
    // A timer takes at least a millisecond, which would be ten seconds for 10000 chunks.
    if (ms > 0 && !await pause(ms, signal)) return
    yield `chunk ${chunk}\n`
  }
}

export default stream
