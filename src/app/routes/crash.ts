import type { FastifyPluginAsyncJsonSchemaToTs } from '@fastify/type-provider-json-schema-to-ts'

const schema = {
  body: {
    type: 'object',
    properties: {
      code: { type: 'integer', minimum: 0, maximum: 255 },
      signal: { enum: ['SIGKILL', 'SIGABRT', 'SIGSEGV', 'SIGTERM'] }
    },
    additionalProperties: false,
    // One or the other: a union would lose the property of the branch that is tried second, because
    // Fastify's ajv removes what a branch does not know.
    maxProperties: 1
  }
} as const

/** `POST /crash` ends the worker and answers nothing, to show what the others make of it. */
const crash: FastifyPluginAsyncJsonSchemaToTs = async (fastify) => {
  fastify.post('/crash', { schema }, async (request, reply) => {
    const { code = 1, signal } = request.body

    reply.hijack()
    if (signal === undefined) process.exit(code)
    process.kill(process.pid, signal)

    // A worker takes SIGTERM as the wish to be relieved and lives on. The request fails all the same.
    reply.raw.destroy()
  })
}

export default crash
