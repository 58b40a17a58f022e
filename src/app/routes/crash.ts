import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'

const schema = {
  body: Type.Object({
    code: Type.Optional(Type.Integer({ minimum: 0, maximum: 255 })),
    signal: Type.Optional(Type.Enum(['SIGKILL', 'SIGABRT', 'SIGSEGV', 'SIGTERM']))
  }, {
    additionalProperties: false,
    // One or the other: a union would lose the property of the branch that is tried second, because
    // Fastify's ajv removes what a branch does not know.
    maxProperties: 1
  })
}

/** `POST /crash` ends the worker and answers nothing, to show what the others make of it. */
const crash: FastifyPluginAsyncTypebox = async (fastify) => {
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
