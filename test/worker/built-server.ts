import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance, FastifyPluginAsync, FastifyServerOptions } from 'fastify'
import { pino } from 'pino'
import type { Test } from 'tap'
import { readConfig } from '../../src/config/config.ts'
import type { Broadcast, PoolView } from '../../src/protocol/messages.ts'
import { Bus } from '../../src/worker/bus.ts'
import { Drain } from '../../src/worker/drain/drain.ts'
import { WorkerMeasurements } from '../../src/worker/metrics/measurements.ts'
import type { TlsOptions } from '../../src/worker/drain/secure-server.ts'
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
  /** Its end of the bus, and what was said on it. */
  readonly bus: Bus
  readonly sent: Broadcast[]
  readonly measurements: WorkerMeasurements
  /** Lines of the log, of level info and above. */
  readonly lines: Array<{ readonly level: number, readonly msg: string, readonly err?: { readonly message: string } }>
}

/** The server of a worker, as Baton builds it around a plugin. */
export async function build (t: Test, { plugin = hello, options = {}, env = {}, pool = atRest, tls }: Parts = {}): Promise<Built> {
  const lines: Built['lines'] = []
  const sent: Broadcast[] = []
  const bus = new Bus((broadcast) => { sent.push(broadcast) })
  // As the worker does it.
  const drain = new Drain(() => { fastify.close().catch(t.threw) })
  const measurements = new WorkerMeasurements(drain)
  const fastify = await buildServer({
    application: { plugin, options },
    bus,
    config: readConfig(env, () => 1),
    drain,
    log: pino({}, { write: (line) => { lines.push(JSON.parse(line)) } }),
    measurements,
    pool,
    tls,
    worker: WORKER
  })
  t.teardown(async () => {
    // One of HTTP/2 has none.
    fastify.server.closeAllConnections?.()
    await fastify.close()
  })
  return { fastify, drain, bus, sent, measurements, lines }
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

/** Settings under which every process is under pressure, once it has measured itself. */
const PRESSED = { MAX_RSS_BYTES: '1' }

/** The server of a worker that has found itself under pressure. */
export async function buildPressed (t: Test, parts: Omit<Parts, 'env'> = {}): Promise<Built> {
  const built = await build(t, { ...parts, env: PRESSED })
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

function atRest (): PoolView {
  return { isStopping: false, isCrashLooping: false }
}
