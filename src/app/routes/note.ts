import type { FastifyPluginAsyncJsonSchemaToTs } from '@fastify/type-provider-json-schema-to-ts'

import { workerProperties } from '../worker-schema.ts'

const NOTE = { type: 'string', maxLength: 1000 } as const

const answer = { type: 'object', properties: { note: NOTE, ...workerProperties } } as const

const write = {
  body: { type: 'object', properties: { note: NOTE }, required: ['note'], additionalProperties: false },
  response: { 200: answer }
} as const

const read = { response: { 200: answer } } as const

/**
 * `PUT /note` tells a note to all workers, and `GET /note` reads it from the one that answers.
 *
 * A worker that is started later has not heard of it: what has to last belongs into a database.
 */
const note: FastifyPluginAsyncJsonSchemaToTs = async (fastify) => {
  let current = ''

  fastify.workers.on('note', (data) => { current = String(data) })

  fastify.put('/note', { schema: write }, async (request) => {
    current = request.body.note
    fastify.workers.broadcast('note', current)
    return { note: current, ...fastify.worker }
  })

  fastify.get('/note', { schema: read }, async () => {
    return { note: current, ...fastify.worker }
  })
}

export default note
