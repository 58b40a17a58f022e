import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'

import { pause } from '../pause.ts'
import { workerProperties } from '../worker-schema.ts'

const schema = {
  querystring: Type.Object({
    ms: Type.Integer({ minimum: 0, maximum: 60_000, default: 1000 })
  }, { additionalProperties: false }),
  response: {
    200: Type.Object({ waited: Type.Integer(), ...workerProperties })
  }
}

/** `GET /slow?ms=1000` waits, as for a slow database, then answers. */
const slow: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get('/slow', { schema }, async (request) => {
    const { ms } = request.query

    await pause(ms, request.signal)

    return { waited: ms, ...fastify.worker }
  })
}

export default slow
