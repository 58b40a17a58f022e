import type { FastifyPluginAsyncJsonSchemaToTs } from '@fastify/type-provider-json-schema-to-ts'

const schema = {
  headers: {
    type: 'object',
    properties: { 'content-type': { type: 'string' }, 'content-length': { type: 'string' } }
  },
  response: {
    200: { content: { '*/*': { schema: { description: 'the body of the request' } } } }
  }
} as const

/** `POST /echo` streams the body back while it arrives, of any type and size. */
const echo: FastifyPluginAsyncJsonSchemaToTs = async (fastify) => {
  // Only in this plugin. Fastify's own parsers would read the whole body first, up to `bodyLimit`.
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
