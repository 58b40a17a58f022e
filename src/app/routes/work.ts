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

/** `GET /work?ms=100` keeps the processor busy: the worker answers nobody else meanwhile. */
const work: FastifyPluginAsyncJsonSchemaToTs = async (fastify) => {
  fastify.get('/work', { schema }, async (request) => {
    const { ms } = request.query

    return { worked: ms, hashes: hashFor(ms), ...fastify.worker }
  })
}

/** Computes SHA-256 over and over for `ms` milliseconds, and says how many times. */
function hashFor (ms: number): number {
  const end = performance.now() + ms
  let hashes = 0
  for (let digest = ''; performance.now() < end; hashes++) {
    digest = createHash('sha256').update(digest).digest('hex')
  }
  return hashes
}

export default work
