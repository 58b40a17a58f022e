import Fastify from 'fastify'
import { threadId } from 'node:worker_threads'

import application from '../../dist/app/index.js'

/** What Baton adds for the application, as far as it needs it. */
const workers = { on () {}, broadcast () {} }

/** The application that Baton has built in, on bare Fastify. */
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
