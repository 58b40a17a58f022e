import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyPluginAsync, FastifyServerOptions } from 'fastify'
import t from 'tap'
import { request } from '../helpers/raw-client.ts'
import { build, serve, WORKER } from './built-server.ts'
import { signal, soon } from './listening-server.ts'
import { waitUntil } from '../helpers/wait-until.ts'

/** Makes a plugin run in the context of its parent, as fastify-plugin does. */
function unscoped (plugin: FastifyPluginAsync): FastifyPluginAsync {
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true })
}

await t.test('the application knows which worker it runs in', async (t) => {
  let worker: FastifyInstance['worker'] | undefined

  await build(t, { plugin: async (fastify) => { worker = fastify.worker } })

  t.same(worker, WORKER)
})

await t.test('the application sends messages to the other workers, and receives theirs', async (t) => {
  const received: unknown[] = []
  const { fastify, bus, sent } = await build(t, {
    plugin: async (fastify) => {
      fastify.workers.on('greeting', (data) => { received.push(data) })
      fastify.get('/greet', async () => { fastify.workers.broadcast('greeting', { from: fastify.worker.slot }) })
    }
  })

  await fastify.inject('/greet')
  bus.deliver({ topic: 'greeting', data: { from: 0 } })
  await new Promise(setImmediate)

  t.strictSame(sent, [{ topic: 'greeting', data: { from: WORKER.slot } }])
  t.strictSame(received, [{ from: 0 }])
})

await t.test('with WORKER_HEADER every answer names the worker', async (t) => {
  const { connect } = await serve(t, {
    env: { WORKER_HEADER: 'true' },
    plugin: async (fastify) => {
      fastify.get('/', async () => 'fine')
      fastify.get('/broken', async () => { throw new Error('broken') })
      fastify.get('/hijacked', (_request, reply) => {
        reply.hijack()
        reply.raw.end('by hand')
      })
    }
  })
  const client = await connect()

  for (const [url, status] of [
    ['/', 200], ['/broken', 500], ['/missing', 404], ['/%zz', 400], ['/hijacked', 200], ['/health/live', 200], ['/health/ready', 200]
  ]) {
    const answer = await client.send(request(`GET ${url}`)).answer()

    t.match(answer, { status, headers: { 'x-baton-worker': '1/2/42' } }, String(url))
  }
})

await t.test('without WORKER_HEADER no answer names the worker', async (t) => {
  const { connect } = await serve(t)
  const client = await connect()

  const answer = await client.send(request('GET /')).answer()

  t.equal(answer.headers['x-baton-worker'], undefined)
})

await t.test('hooks and handlers of the application do not affect the health routes', async (t) => {
  const plugin: FastifyPluginAsync = async (fastify) => {
    fastify.addHook('onRequest', async (_request, reply) => { reply.header('x-hook', 'was here') })
    fastify.addHook('onRequest', async ({ url }) => { if (url !== '/') throw new Error('not for you') })
    fastify.setErrorHandler(async () => 'handled')
    fastify.setNotFoundHandler(async () => 'not here')
    fastify.get('/', async () => 'fine')
  }

  for (const application of [plugin, unscoped(async (fastify, options) => { await plugin(fastify, options) })]) {
    const { fastify } = await build(t, { plugin: application })
    const health = await fastify.inject('/health/live')
    const root = await fastify.inject('/')
    const missing = await fastify.inject('/missing')

    t.equal(health.statusCode, 200)
    t.equal(health.headers['x-hook'], undefined)
    t.equal(root.headers['x-hook'], 'was here')
    t.equal(missing.body, 'handled')
  }
})

await t.test('the server options of the application are applied', async (t) => {
  const { fastify } = await build(t, {
    options: Object.assign({
      bodyLimit: 10,
      keepAliveTimeout: 1234,
      requestTimeout: 5000,
      connectionTimeout: 6000,
      maxRequestsPerSocket: 7,
      rewriteUrl: ({ url = '' }) => url.replace('/old', '/')
    } satisfies FastifyServerOptions, { http: { headersTimeout: 800 } })
  })
  const { server } = fastify

  t.match(server, {
    keepAliveTimeout: 1234, requestTimeout: 5000, timeout: 6000, maxRequestsPerSocket: 7, headersTimeout: 800
  })
  t.equal((await fastify.inject('/old')).statusCode, 200)
  t.equal((await fastify.inject({ method: 'POST', url: '/', payload: { more: 'than ten bytes' } })).statusCode, 413)
})

await t.test('the keep-alive timeout is taken from the settings, unless the application sets one', async (t) => {
  const byDefault = await serve(t)
  const set = await serve(t, { env: { KEEP_ALIVE_TIMEOUT_MS: '5000' } })
  const overridden = await serve(t, { env: { KEEP_ALIVE_TIMEOUT_MS: '5000' }, options: { keepAliveTimeout: 3000 } })

  for (const [{ fastify, connect }, seconds] of [[byDefault, 72], [set, 5], [overridden, 3]] as const) {
    const client = await connect()
    const { headers } = await client.send(request('GET /')).answer()

    t.equal(fastify.server.keepAliveTimeout, seconds * 1000)
    t.equal(headers['keep-alive'], `timeout=${seconds}`)
  }
})

await t.test('errors are logged even if requests are not', async (t) => {
  const { fastify, lines } = await build(t, {
    plugin: async (context) => {
      context.get('/', async () => 'fine')
      context.get('/broken', async () => { throw new Error('broken') })
    }
  })

  await fastify.inject('/')
  t.same(lines, [])
  await fastify.inject('/broken')

  t.match(lines, [{ level: 50, err: { message: 'broken' } }])
})

await t.test('with LOG_REQUESTS requests are logged', async (t) => {
  const { fastify, lines } = await build(t, { env: { LOG_REQUESTS: 'true' } })

  await fastify.inject('/')

  t.match(lines, [{ msg: 'incoming request' }, { msg: 'request completed' }])
})

await t.test('an answer that fails while it is sent is logged even if requests are not', async (t) => {
  const { lines, connect } = await serve(t, {
    plugin: async (context) => {
      context.get('/', (_request, reply) => {
        reply.hijack()
        reply.raw.emit('error', new Error('on its way'))
        reply.raw.end()
      })
    }
  })

  const client = await connect()
  await client.send(request('GET /')).answer()
  // The client may have the answer before the server sees the end of the request.
  await waitUntil(() => lines.some(({ level }) => level > 30), () => 'the log line of the error')

  t.match(lines.filter(({ level }) => level > 30), [{ level: 50, msg: 'request errored', err: { message: 'on its way' } }])
})

await t.test('an error that the application throws during its start is passed on unchanged', async (t) => {
  const error = new Error('no database')

  await t.rejects(build(t, { plugin: async () => { throw error } }), error)
  await t.rejects(build(t, {
    plugin: async (fastify) => { fastify.addHook('onReady', async () => { throw error }) }
  }), error)
})

await t.test('requests during a drain are answered, and the last answer on a connection closes it', async (t) => {
  const { fastify, drain, connect } = await serve(t)
  const clients = [await connect(), await connect(), await connect()]
  await clients[0]?.send(request('GET /')).answer()
  const closed = soon(fastify.server, 'close')

  fastify.server.close()

  for (const [index, url] of ['/', '/missing', '/health/ready'].entries()) {
    const client = clients[index]
    t.match(await client?.send(request(`GET ${url}`)).answer(), {
      status: url === '/missing' ? 404 : 200, headers: { connection: 'close' }
    })
    t.equal(await client?.end(), 'FIN')
  }
  await closed
  t.match(drain.report(), { requests: 3, closedByUse: 3 })
})

await t.test('pipelined requests during a drain are all answered, although Fastify announces a close in every answer', async (t) => {
  const { fastify, connect } = await serve(t)
  const client = await connect()
  fastify.server.close()

  const answers = await client.send(request('GET /'), request('GET /missing'), request('GET /%zz'), request('GET /')).answers(4)

  t.match(answers, [
    { status: 200, headers: { connection: 'keep-alive' } },
    { status: 404, headers: { connection: 'keep-alive' } },
    { status: 400, headers: { connection: 'keep-alive' } },
    { status: 200, headers: { connection: 'close' } }
  ])
  t.equal(await client.end(), 'FIN')
})

await t.test('a client reads the early answer to its upload during a drain', async (t) => {
  const body = 'x'.repeat(8 * 1024 * 1024)
  const { fastify, connect } = await serve(t, {
    plugin: async (context) => {
      context.post('/guarded', {
        onRequest: async (_request, reply) => await reply.code(401).send({ who: 'are you?' })
      }, async () => 'never')
      context.post('/small', async () => 'never')
      context.get('/', async () => 'fine')
    }
  })
  const clients = [await connect(), await connect()]
  fastify.server.close()

  for (const [index, [url, status]] of ([['/guarded', 401], ['/small', 413]] as const).entries()) {
    const client = clients[index]
    const headers = { 'content-type': 'application/json', 'content-length': String(body.length) }
    t.match(await client?.send(request(`POST ${url}`, headers), body).answer(), { status, headers: { connection: 'keep-alive' } })
    t.match(await client?.send(request('GET /')).answer(), { status: 200, headers: { connection: 'close' } })
    t.equal(await client?.end(), 'FIN')
  }
})

await t.test('malformed HTTP during a drain gets 400 from Fastify, and affects no other client', async (t) => {
  const { fastify, connect } = await serve(t)
  const [bad, good] = [await connect(), await connect()]
  fastify.server.close()

  t.match(await bad.send('BOGUS\r\n\r\n').answer(), { status: 400, body: /Client Error/ })
  t.equal(await bad.end(), 'FIN')
  t.match(await good.send(request('GET /')).answer(), { status: 200, headers: { connection: 'close' } })
})

await t.test('preClose hooks run when the drain begins, onClose hooks after the last answer', async (t) => {
  const order: string[] = []
  const work = signal()
  const { fastify, connect } = await serve(t, {
    plugin: async (context) => {
      context.addHook('preClose', async () => {
        order.push('preClose')
        context.server.emit('test:preClose')
      })
      context.addHook('onClose', async () => { order.push('onClose') })
      context.get('/slow', (_request, reply) => {
        work.on(() => {
          order.push('answer')
          reply.send('slow')
        })
      })
    }
  })
  const client = await connect()
  const arrived = soon(fastify.server, 'request')
  client.send(request('GET /slow'))
  await arrived

  const began = soon(fastify.server, 'test:preClose')
  fastify.server.close()
  await began
  const closed = fastify.close()
  work.give()

  t.match(await client.answer(), { status: 200, headers: { connection: 'close' }, body: 'slow' })
  await closed
  t.same(order, ['preClose', 'answer', 'onClose'])
})

await t.test('a preClose hook can end streams, and then the drain completes', async (t) => {
  const streams = new Set<ServerResponse>()
  const { fastify, connect } = await serve(t, {
    plugin: async (context) => {
      context.addHook('preClose', async () => { for (const stream of streams) stream.end('goodbye') })
      context.get('/events', (_request, reply) => {
        reply.hijack()
        reply.raw.write('hello ')
        streams.add(reply.raw)
      })
    }
  })
  const client = await connect()
  await client.send(request('GET /events')).receives('hello')

  fastify.server.close()

  t.match(await client.answer(), { body: 'hello goodbye' })
  client.socket.end()
  await fastify.close()
})
