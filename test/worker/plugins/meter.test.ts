import { connect, constants } from 'node:http2'
import type { AddressInfo } from 'node:net'
import fastifyWebsocket from '@fastify/websocket'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import type { Measurements } from '../../../src/protocol/measurements.ts'
import { request } from '../../helpers/raw-client.ts'
import { pair } from '../../helpers/tls.ts'
import { waitUntil } from '../../helpers/wait-until.ts'
import { build, buildUnderPressure, serve, type Built, type Served } from '../built-server.ts'
import { signal, soon } from '../listening-server.ts'

/** The series and their counts, such as `GET / 200 1`. */
function counted ({ collector }: Built): string[] {
  return collector.last().requests.map(({ method, route, status, counts }) =>
    `${method} ${route} ${status} ${counts.reduce((sum, count) => sum + count)}`).sort()
}

async function countedIs (t: Test, built: Built, expected: string[]): Promise<void> {
  await waitUntil(() => counted(built).length >= expected.length, () => `${expected.join(', ')}; counted: ${counted(built).join(', ')}`)
  t.strictSame(counted(built), expected)
}

await t.test('requests are counted by the pattern of their route, and not by their path', async (t) => {
  const built = await serve(t, {
    plugin: async (fastify) => {
      fastify.get('/user/:id', async () => 'hello')
      await fastify.register(async (context) => { context.post('/note', async (_request, reply) => await reply.code(201).send('hi')) }, { prefix: '/deep' })
    }
  })
  const client = await built.connect()

  for (const target of ['GET /user/1', 'GET /user/2?a=b', 'POST /deep/note', 'GET /health/live']) await client.send(request(target)).answer()
  await client.send(request('HEAD /user/1')).answer({ isToHead: true })

  await countedIs(t, built, ['GET /health/live 200 1', 'GET /user/:id 200 2', 'HEAD /user/:id 200 1', 'POST /deep/note 201 1'])
})

await t.test('a thousand unknown paths are counted under one label', async (t) => {
  const built = await build(t)

  for (let path = 0; path < 1000; path++) await built.fastify.inject(`/nowhere/${path}`)

  await countedIs(t, built, ['GET unknown 404 1000'])
})

await t.test('methods that Fastify does not know are counted under one label', async (t) => {
  const built = await serve(t)
  const client = await built.connect()

  for (const method of ['PURGE', 'MKCALENDAR']) await client.send(request(`${method} /`)).answer()

  await countedIs(t, built, ['other unknown 404 2'])
})

await t.test('answers that do not come from a handler are counted too', async (t) => {
  const built = await serve(t, {
    plugin: async (fastify) => {
      fastify.post('/', { bodyLimit: 10 }, async () => 'read')
      fastify.get('/throws', async () => { throw new Error('no') })
    }
  })
  const json = { 'content-type': 'application/json' }

  for (const sent of [request('POST /', json, '{'), request('GET /throws'), request('POST /', json, '{"a":"0123456789"}')]) {
    await (await built.connect()).send(sent).answer()
  }

  await countedIs(t, built, ['GET /throws 500 1', 'POST / 400 1', 'POST / 413 1'])
})

await t.test('a request that is shed is counted, and counted as shed', async (t) => {
  const built = await buildUnderPressure(t)

  const { statusCode } = await built.fastify.inject('/')

  t.equal(statusCode, 503)
  t.equal(built.collector.last().shed, 1)
  t.ok(counted(built).includes('GET / 503 1'), counted(built).join(', '))
})

await t.test('a stream is counted when it has been sent, with its full duration', async (t) => {
  const release = signal()
  const built = await serve(t, {
    plugin: async (fastify) => {
      fastify.get('/', async (_request, reply) => {
        reply.hijack()
        reply.raw.write('one')
        release.on(() => { reply.raw.end('two') })
      })
    }
  })
  const client = await built.connect()
  client.send(request('GET /'))
  await client.receives('one')
  const meanwhile = counted(built)
  const startedAt = performance.now()
  await waitUntil(() => performance.now() - startedAt > 60, () => 'some time')

  release.give()
  await client.answer()

  t.strictSame(meanwhile, [])
  await countedIs(t, built, ['GET / 200 1'])
  t.ok(Number(built.collector.last().requests[0]?.sum) >= 0.05)
})

await t.test('a client that disconnects before the answer counts as 499, and after its headers with their status', async (t) => {
  const built = await serve(t, {
    plugin: async (fastify) => {
      fastify.get('/silent', async () => await new Promise(() => {}))
      fastify.get('/half', (_request, reply) => {
        reply.hijack()
        reply.raw.writeHead(203)
        reply.raw.write('half')
      })
    }
  })
  await disconnectDuring(built, 'GET /silent')
  await disconnectDuring(built, 'GET /half', 'half')

  await countedIs(t, built, ['GET /half 203 1', 'GET /silent 499 1'])
})

await t.test('over HTTP/2 a client that disconnects before the answer counts as 499 too', async (t) => {
  const arrived = signal()
  const built = await build(t, {
    plugin: async (fastify) => {
      fastify.get('/', async () => 'plain')
      fastify.get('/silent', async () => {
        arrived.give()
        await new Promise(() => {})
      })
    },
    tls: { ...pair('one'), http2: true }
  })
  await built.fastify.listen({ host: '127.0.0.1', port: 0 })
  const session = connect(`https://127.0.0.1:${(built.fastify.server.address() as AddressInfo).port}`, { ca: pair('one').cert })
  t.teardown(() => { session.destroy() })
  const silent = session.request({ ':path': '/silent' })
  arrived.on(() => { silent.close(constants.NGHTTP2_CANCEL) })
  await soon(silent, 'close')
  await soon(session.request({ ':path': '/' }).resume(), 'close')

  await countedIs(t, built, ['GET / 200 1', 'GET /silent 499 1'])
})

await t.test('a WebSocket is not counted', async (t) => {
  const built = await serve(t, {
    plugin: async (fastify) => {
      await fastify.register(fastifyWebsocket)
      fastify.get('/', async () => 'plain')
      fastify.get('/socket', { websocket: true }, (socket) => { socket.close() })
    }
  })
  const { port } = built.fastify.server.address() as { port: number }
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`)
  t.teardown(() => { socket.terminate() })
  let isClosed = false
  socket.on('close', () => { isClosed = true })

  await waitUntil(() => isClosed, () => 'the close')
  await (await built.connect()).send(request('GET /')).answer()

  await countedIs(t, built, ['GET / 200 1'])
})

await t.test('requests in flight and open connections are counted', async (t) => {
  const release = signal()
  const built = await serve(t, { plugin: async (fastify) => { fastify.get('/', (_request, reply) => { release.on(() => { reply.send('done') }) }) } })
  const [client] = [await built.connect(), await built.connect()]
  client.send(request('GET /'))
  const last = (): Pick<Measurements, 'inFlight' | 'connections'> => built.collector.last()

  await waitUntil(() => last().inFlight === 1, () => 'the request')
  const meanwhile = last()
  release.give()
  await client.answer()

  t.match(meanwhile, { inFlight: 1, connections: 2 })
  await waitUntil(() => last().inFlight === 0, () => 'its end')
})

/** Sends a request, and disconnects when the server has it, or when this part of the answer has arrived. */
async function disconnectDuring (built: Served, target: string, after?: string): Promise<void> {
  const client = await built.connect()
  client.send(request(target))
  await waitUntil(() => built.collector.last().inFlight === 1, () => 'the request')
  if (after !== undefined) await client.receives(after)
  client.socket.resetAndDestroy()
  await waitUntil(() => built.collector.last().connections === 0, () => 'the end of the connection')
}
