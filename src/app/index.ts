import type { FastifyPluginAsync } from 'fastify'

import crash from './routes/crash.ts'
import echo from './routes/echo.ts'
import events from './routes/events.ts'
import hello from './routes/hello.ts'
import note from './routes/note.ts'
import slow from './routes/slow.ts'
import stream from './routes/stream.ts'
import work from './routes/work.ts'

/**
 * The built-in example: an ordinary Fastify plugin, to read and then to replace with your own.
 *
 * It runs in a worker; `fastify.worker` says in which one. `POST /crash` exists only when the environment has
 * `EXAMPLE_CRASH=true`.
 */
const app: FastifyPluginAsync = async (fastify) => {
  fastify.register(hello)
  fastify.register(slow)
  fastify.register(work)
  fastify.register(echo)
  fastify.register(stream)
  fastify.register(events)
  fastify.register(note)

  if (process.env.EXAMPLE_CRASH === 'true') fastify.register(crash)
}

export default app
