import type { FastifyPluginAsyncJsonSchemaToTs } from '@fastify/type-provider-json-schema-to-ts'

import { workerProperties } from '../worker-schema.ts'

const schema = {
  response: {
    200: { type: 'object', properties: { hello: { type: 'string' }, ...workerProperties } }
  }
} as const

/** `GET /` says hello, and from which worker. */
const hello: FastifyPluginAsyncJsonSchemaToTs = async (fastify) => {
  fastify.get('/', { schema }, async () => {
    return { hello: 'world', ...fastify.worker }
  })
}

export default hello
