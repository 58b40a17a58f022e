import Fastify from 'fastify'
import { threadId } from 'node:worker_threads'

import application from '../../dist/app/index.js'

/** A stand-in for what Baton adds to an application, as far as this one uses it. */
const workers = { on () {}, broadcast () {} }

/** The built-in application of Baton, on bare Fastify. */
export function build () {
  const fastify = Fastify()
  fastify.decorate('worker', { slot: threadId, generation: 1, pid: process.pid })
  fastify.decorate('workers', workers)
  fastify.register(application)
  return fastify
}

export async function serve () {
  const fastify = build()
  await fastify.listen({ host: process.env.HOST, port: Number(process.env.PORT) })
  return fastify
}
