import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import Fastify from 'fastify'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'

import app from '../../src/app/index.ts'
import { Bus } from '../../src/worker/bus.ts'
import { DEADLINE } from '../helpers/wait-until.ts'

export const worker = { slot: 2, generation: 3, pid: 4242 }

/** The example as a worker builds it, closed when the test ends; alone, unless it is given an end of a bus. */
export function buildApp (t: Pick<Test, 'teardown'>, options: FastifyServerOptions = {}, workers = new Bus(() => {})): FastifyInstance {
  const fastify = Fastify(options)
  t.teardown(() => fastify.close())
  fastify.decorate('worker', worker)
  fastify.decorate('workers', workers)
  fastify.register(app)
  return fastify
}

/** Listens on a free port of the loopback interface. */
export async function listen (fastify: FastifyInstance): Promise<AddressInfo> {
  await fastify.listen({ host: '127.0.0.1', port: 0 })
  return fastify.server.address() as AddressInfo
}

/** Aborts what a test waits for when it takes far longer than it ever should. */
export function deadline (): AbortSignal {
  return AbortSignal.timeout(DEADLINE)
}

/** Resolves once a client has left before it had its whole answer, as the server sees it. */
export async function departure (fastify: FastifyInstance): Promise<void> {
  fastify.addHook('onRequest', async ({ raw }) => {
    raw.once('close', () => fastify.server.emit('test:departure'))
  })
  await once(fastify.server, 'test:departure', { signal: deadline() })
}

/** Whether anything of the process still waits for a time to pass. */
export function hasTimer (): boolean {
  return process.getActiveResourcesInfo().includes('Timeout')
}
