import { createHash } from 'node:crypto'
import { performance } from 'node:perf_hooks'

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'

import { workerProperties } from '../worker-schema.ts'

const schema = {
  querystring: Type.Object({
    ms: Type.Integer({ minimum: 0, maximum: 5000, default: 100 })
  }, { additionalProperties: false }),
  response: {
    200: Type.Object({ worked: Type.Integer(), hashes: Type.Integer(), ...workerProperties })
  }
}

/** `GET /work?ms=100` keeps the processor busy: the worker answers nobody else meanwhile. */
const work: FastifyPluginAsyncTypebox = async (fastify) => {
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
