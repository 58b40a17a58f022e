import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'

const schema = {
  headers: Type.Object({
    'content-type': Type.Optional(Type.String()),
    'content-length': Type.Optional(Type.String())
  }),
  response: {
    200: { content: { '*/*': { schema: Type.Unknown() } } }
  }
}

/** `POST /echo` sends the body back while it arrives, whatever its type and its size. */
const echo: FastifyPluginAsyncTypebox = async (fastify) => {
  // Of this plugin only: Fastify's own parsers would read the whole body first, up to `bodyLimit`.
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser('*', async (_request: unknown, payload: unknown) => payload)

  fastify.post('/echo', { schema }, async (request, reply) => {
    for (const name of ['content-type', 'content-length'] as const) {
      const value = request.headers[name]
      if (value !== undefined) reply.header(name, value)
    }

    return reply.send(request.body)
  })
}

export default echo
