import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance, FastifyPluginAsync, FastifyServerOptions } from 'fastify'
import { pino } from 'pino'
import type { Test } from 'tap'
import { readConfig } from '../../src/config/config.ts'
import type { Broadcast, PoolView } from '../../src/protocol/messages.ts'
import { Bus } from '../../src/worker/bus.ts'
import { Drain } from '../../src/worker/drain/drain.ts'
import type { TlsOptions } from '../../src/worker/drain/secure-server.ts'
import { MeasurementCollector } from '../../src/worker/metrics/collector.ts'
import { buildServer } from '../../src/worker/server.ts'
import { connectRaw, type RawClient } from '../helpers/raw-client.ts'
import { DEADLINE, waitUntil } from '../helpers/wait-until.ts'

export const WORKER = { slot: 1, generation: 2, pid: 42 }

export interface Parts {
  readonly plugin?: FastifyPluginAsync
  readonly options?: FastifyServerOptions
  readonly env?: Readonly<Record<string, string>>
  readonly pool?: () => PoolView
  readonly tls?: TlsOptions
}

export interface Built {
  readonly fastify: FastifyInstance
  readonly drain: Drain
  /** Its end of the bus, and the messages that were sent on it. */
  readonly bus: Bus
  readonly sent: Broadcast[]
  readonly collector: MeasurementCollector
  /** Log lines of level info and above. */
  readonly lines: Array<{ readonly level: number, readonly msg: string, readonly err?: { readonly message: string } }>
}

/** The server of a worker, with this plugin as its application. */
export async function build (t: Test, { plugin = hello, options = {}, env = {}, pool = runningPool, tls }: Parts = {}): Promise<Built> {
  const lines: Built['lines'] = []
  const sent: Broadcast[] = []
  const bus = new Bus((broadcast) => { sent.push(broadcast) })
  // As in worker.ts.
  const drain = new Drain(() => { fastify.close().catch(t.threw) })
  const collector = new MeasurementCollector(drain)
  const fastify = await buildServer({
    application: { plugin, options },
    bus,
    collector,
    config: readConfig(env, () => 1),
    drain,
    log: pino({}, { write: (line) => { lines.push(JSON.parse(line)) } }),
    pool,
    tls,
    worker: WORKER
  })
  t.teardown(async () => {
    // An HTTP/2 server does not have it.
    fastify.server.closeAllConnections?.()
    await fastify.close()
  })
  return { fastify, drain, bus, sent, collector, lines }
}

export interface Served extends Built {
  readonly connect: () => Promise<RawClient>
}

export async function serve (t: Test, parts: Parts = {}): Promise<Served> {
  const built = await build(t, parts)
  await built.fastify.listen({ host: '127.0.0.1', port: 0 })
  const { server } = built.fastify
  return {
    ...built,
    connect: async () => {
      const connected = once(server, 'connection', { signal: AbortSignal.timeout(DEADLINE) })
      const client = await connectRaw(t, (server.address() as AddressInfo).port)
      await connected
      return client
    }
  }
}

/** Every process exceeds this limit, as soon as it is measured. */
const PRESSURE_SETTINGS = { MAX_RSS_BYTES: '1' }

/** The server of a worker that is under pressure. */
export async function buildUnderPressure (t: Test, parts: Omit<Parts, 'env'> = {}): Promise<Built> {
  const built = await build(t, { ...parts, env: PRESSURE_SETTINGS })
  let status = 200
  await waitUntil(() => {
    built.fastify.inject('/health/ready').then(({ statusCode }) => { status = statusCode }, t.threw)
    return status === 503
  }, () => 'pressure')
  return built
}

const hello: FastifyPluginAsync = async (fastify) => {
  fastify.get('/', async () => ({ hello: 'world' }))
}

function runningPool (): PoolView {
  return { isStopping: false, isCrashLooping: false }
}
