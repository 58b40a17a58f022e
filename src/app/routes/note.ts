import type { FastifyPluginAsyncJsonSchemaToTs } from '@fastify/type-provider-json-schema-to-ts'

import { workerProperties } from '../worker-schema.ts'

const NOTE_SCHEMA = { type: 'string', maxLength: 1000 } as const

const answer = { type: 'object', properties: { note: NOTE_SCHEMA, ...workerProperties } } as const

const write = {
  body: { type: 'object', properties: { note: NOTE_SCHEMA }, required: ['note'], additionalProperties: false },
  response: { 200: answer }
} as const

const read = { response: { 200: answer } } as const

/**
 * `PUT /note` sends a note to all workers, and `GET /note` reads it from the worker that answers.
 *
 * A worker that starts later does not have it: data that has to last belongs in a database.
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
