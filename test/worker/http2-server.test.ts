import { connect, type ClientHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { pair } from '../helpers/tls.ts'
import { build, type Built, type Parts } from './built-server.ts'
import { signal, soon } from './listening-server.ts'

interface Http2Served extends Built {
  readonly session: ClientHttp2Session
}

async function serveHttp2 (t: Test, parts: Parts): Promise<Http2Served> {
  const built = await build(t, { ...parts, tls: { ...pair('one'), http2: true } })
  await built.fastify.listen({ host: '127.0.0.1', port: 0 })
  const session = connect(`https://127.0.0.1:${(built.fastify.server.address() as AddressInfo).port}`, { ca: pair('one').cert })
  t.teardown(() => { session.destroy() })
  return { ...built, session }
}

async function get (session: ClientHttp2Session, path: string): Promise<{ headers: Readonly<Record<string, unknown>>, body: string }> {
  const stream = session.request({ ':path': path })
  let body = ''
  stream.on('data', (chunk) => { body += String(chunk) })
  const closed = soon(stream, 'close')
  const [headers] = await soon(stream, 'response')
  await closed
  return { headers: headers as Record<string, unknown>, body }
}

await t.test('with WORKER_HEADER every answer over HTTP/2 names the worker', async (t) => {
  const { session } = await serveHttp2(t, {
    env: { WORKER_HEADER: 'true' },
    plugin: async (fastify) => {
      fastify.get('/', async ({ protocol }) => protocol)
      fastify.get('/broken', async () => { throw new Error('broken') })
      fastify.get('/hijacked', (_request, reply) => {
        reply.hijack()
        reply.raw.end('by hand')
      })
    }
  })

  for (const [path, status] of [['/', 200], ['/broken', 500], ['/missing', 404], ['/%zz', 400], ['/hijacked', 200], ['/health/live', 200]] as const) {
    t.match((await get(session, path)).headers, { ':status': status, 'x-baton-worker': '1/2/42' }, path)
  }
  t.equal((await get(session, '/')).body, 'https')
})

await t.test('a stream is answered during a drain, and its handler may call inject()', async (t) => {
  const work = signal()
  const { fastify, drain, session } = await serveHttp2(t, {
    plugin: async (context) => {
      context.get('/inner', async () => 'inner')
      context.get('/outer', async () => {
        await new Promise<void>((resolve) => { work.on(resolve) })
        return `outer and ${(await context.inject('/inner')).body}`
      })
    }
  })
  const arrived = soon(fastify.server, 'request')
  const answer = get(session, '/outer')
  await arrived
  const closed = soon(fastify.server, 'close')

  fastify.server.close()
  work.give()
  const { headers, body } = await answer
  await closed

  t.match(headers, { ':status': 200 })
  t.same(Object.keys(headers).filter((name) => ['connection', 'keep-alive'].includes(name)), [])
  t.equal(body, 'outer and inner')
  t.match(drain.report(), { requests: 1, closedByUse: 1 })
})

await t.test('the keep-alive timeout in the settings ends idle sessions', async (t) => {
  const { session } = await serveHttp2(t, { env: { KEEP_ALIVE_TIMEOUT_MS: '300' } })

  const [code, lastStream] = await soon(session, 'goaway')

  t.same([code, lastStream], [0, 2 ** 31 - 1])
})

await t.test('the server options of the application also apply to HTTP/1.1 on an HTTP/2 server', async (t) => {
  const { fastify } = await build(t, {
    options: Object.assign({ keepAliveTimeout: 1234, maxRequestsPerSocket: 7 }, { http: { headersTimeout: 800, requireHostHeader: false } }),
    tls: { ...pair('one'), http2: true }
  })

  t.match(fastify.server, { keepAliveTimeout: 1234, maxRequestsPerSocket: 7, headersTimeout: 800, requireHostHeader: false })
})
