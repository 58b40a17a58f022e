import type { FastifyPluginAsyncJsonSchemaToTs } from '@fastify/type-provider-json-schema-to-ts'

const schema = {
  body: {
    type: 'object',
    properties: {
      code: { type: 'integer', minimum: 0, maximum: 255 },
      signal: { enum: ['SIGKILL', 'SIGABRT', 'SIGSEGV', 'SIGTERM'] }
    },
    additionalProperties: false,
    // One or the other. Not a union: Fastify's ajv removes properties that a branch does not have, so the first branch
    // would remove the property of the second.
    maxProperties: 1
  }
} as const

/** `POST /crash` ends the worker without an answer, to show how the service recovers. */
const crash: FastifyPluginAsyncJsonSchemaToTs = async (fastify) => {
  fastify.post('/crash', { schema }, async (request, reply) => {
    const { code = 1, signal } = request.body

    reply.hijack()
    if (signal === undefined) process.exit(code)
    process.kill(process.pid, signal)

    // On SIGTERM the worker only asks to be relieved. Let the request fail nevertheless.
    reply.raw.destroy()
  })
}

export default crash
