import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import Fastify from 'fastify'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import type { Test } from 'tap'

import app from '../../src/app/index.ts'
import { Bus } from '../../src/worker/bus.ts'
import { DEADLINE } from '../helpers/wait-until.ts'

export const worker = { slot: 2, generation: 3, pid: 4242 }

/** The example as a worker builds it, closed at the end of the test. Without `workers` it is the only worker. */
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

/** Aborts a wait that takes far too long. */
export function deadline (): AbortSignal {
  return AbortSignal.timeout(DEADLINE)
}

/** Resolves when the server has seen a client disconnect. */
export async function disconnection (fastify: FastifyInstance): Promise<void> {
  fastify.addHook('onRequest', async ({ raw }) => {
    raw.once('close', () => fastify.server.emit('test:disconnected'))
  })
  await once(fastify.server, 'test:disconnected', { signal: deadline() })
}

/** Whether the process has an active timer. */
export function hasTimer (): boolean {
  return process.getActiveResourcesInfo().includes('Timeout')
}
