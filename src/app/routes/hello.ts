import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'

import { workerProperties } from '../worker-schema.ts'

const schema = {
  response: {
    200: Type.Object({ hello: Type.String(), ...workerProperties })
  }
}

/** `GET /` says hello, and who says it. */
const hello: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get('/', { schema }, async () => {
    return { hello: 'world', ...fastify.worker }
  })
}

export default hello
