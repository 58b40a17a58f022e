import type { FastifyPluginAsyncJsonSchemaToTs } from '@fastify/type-provider-json-schema-to-ts'

import { pause } from '../pause.ts'
import { workerProperties } from '../worker-schema.ts'

const schema = {
  querystring: {
    type: 'object',
    properties: { ms: { type: 'integer', minimum: 0, maximum: 60_000, default: 1000 } },
    additionalProperties: false
  },
  response: {
    200: { type: 'object', properties: { waited: { type: 'integer' }, ...workerProperties } }
  }
} as const

/** `GET /slow?ms=1000` waits, as if for a slow database, then answers. */
const slow: FastifyPluginAsyncJsonSchemaToTs = async (fastify) => {
  fastify.get('/slow', { schema }, async (request) => {
    const { ms } = request.query

    await pause(ms, request.signal)

    return { waited: ms, ...fastify.worker }
  })
}

export default slow
