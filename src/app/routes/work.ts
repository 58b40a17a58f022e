import { createHash } from 'node:crypto'
import { performance } from 'node:perf_hooks'

import type { FastifyPluginAsyncJsonSchemaToTs } from '@fastify/type-provider-json-schema-to-ts'

import { workerProperties } from '../worker-schema.ts'

const schema = {
  querystring: {
    type: 'object',
    properties: { ms: { type: 'integer', minimum: 0, maximum: 5000, default: 100 } },
    additionalProperties: false
  },
  response: {
    200: { type: 'object', properties: { worked: { type: 'integer' }, hashes: { type: 'integer' }, ...workerProperties } }
  }
} as const

/** `GET /work?ms=100` keeps the CPU busy: meanwhile the worker answers no other request. */
const work: FastifyPluginAsyncJsonSchemaToTs = async (fastify) => {
  fastify.get('/work', { schema }, async (request) => {
    const { ms } = request.query

    return { worked: ms, hashes: hashFor(ms), ...fastify.worker }
  })
}

/** @returns how many SHA-256 hashes were computed in `ms` milliseconds */
function hashFor (ms: number): number {
  const end = performance.now() + ms
  let hashes = 0
  for (let digest = ''; performance.now() < end; hashes++) {
    digest = createHash('sha256').update(digest).digest('hex')
  }
  return hashes
}

export default work
