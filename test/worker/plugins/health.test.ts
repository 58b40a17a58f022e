import t from 'tap'
import { build, buildUnderPressure, WORKER } from '../built-server.ts'

await t.test('/live and /ready answer 200 and name the worker', async (t) => {
  const { fastify } = await build(t)

  for (const url of ['/health/live', '/health/ready']) {
    const response = await fastify.inject(url)

    t.equal(response.statusCode, 200, url)
    t.same(response.json(), { status: 'ok', worker: WORKER, crashLoop: false }, url)
  }
})

await t.test('during a stop /ready answers 503, and /live 200', async (t) => {
  const { fastify } = await build(t, { pool: () => ({ isStopping: true, isCrashLooping: false }) })

  const ready = await fastify.inject('/health/ready')
  const live = await fastify.inject('/health/live')

  t.equal(ready.statusCode, 503)
  t.match(ready.json(), { status: 'stopping' })
  t.equal(live.statusCode, 200)
  t.match(live.json(), { status: 'ok' })
})

await t.test('under pressure /ready answers 503, and /live 200', async (t) => {
  const { fastify } = await buildUnderPressure(t)

  const ready = await fastify.inject('/health/ready')
  const live = await fastify.inject('/health/live')

  t.equal(ready.statusCode, 503)
  t.match(ready.json(), { status: 'under pressure' })
  t.equal(live.statusCode, 200)
})

await t.test('a crash loop is shown in the body, but not in the status', async (t) => {
  const { fastify } = await build(t, { pool: () => ({ isStopping: false, isCrashLooping: true }) })

  for (const url of ['/health/live', '/health/ready']) {
    const response = await fastify.inject(url)

    t.equal(response.statusCode, 200, url)
    t.match(response.json(), { status: 'ok', crashLoop: true }, url)
  }
})

await t.test('HEALTH_PREFIX moves the routes, and an empty one turns them off', async (t) => {
  const elsewhere = await build(t, { env: { HEALTH_PREFIX: '/_/status' } })
  const off = await build(t, { env: { HEALTH_PREFIX: '' } })

  t.equal((await elsewhere.fastify.inject('/_/status/live')).statusCode, 200)
  for (const { fastify } of [elsewhere, off]) {
    for (const url of ['/health/live', '/health/ready', '/live', '/ready']) {
      t.equal((await fastify.inject(url)).statusCode, 404, url)
    }
  }
})

await t.test('an application with a route at a health path fails to start, and the error names the path', async (t) => {
  for (const [env, url] of [
    [{}, '/health/live'],
    [{}, '/health/ready'],
    [{ HEALTH_PREFIX: '/up' }, '/up/ready']
  ] as const) {
    const built = build(t, { env, plugin: async (fastify) => { fastify.get(url, async () => 'mine') } })

    await t.rejects(built, { code: 'BATON_HEALTH_ROUTE_TAKEN', message: new RegExp(`its own route at ${url}`) }, url)
  }
})

await t.test('the error about a route that the application registers twice is not changed', async (t) => {
  for (const [env, url] of [[{}, '/mine'], [{ HEALTH_PREFIX: '' }, '/live']] as const) {
    const built = build(t, {
      env,
      plugin: async (fastify) => {
        fastify.get(url, async () => 'mine')
        fastify.get(url, async () => 'mine again')
      }
    })

    await t.rejects(built, { code: 'FST_ERR_DUPLICATED_ROUTE' }, url)
  }
})

await t.test('an application may use the health paths when the health routes are off or elsewhere', async (t) => {
  for (const env of [{ HEALTH_PREFIX: '' }, { HEALTH_PREFIX: '/up' }]) {
    const { fastify } = await build(t, {
      env, plugin: async (fastify) => { fastify.get('/health/live', async () => 'mine') }
    })

    t.equal((await fastify.inject('/health/live')).body, 'mine')
  }
})

await t.test('a health check is never logged, even if requests are', async (t) => {
  const { fastify, lines } = await build(t, { env: { LOG_REQUESTS: 'true' }, pool: () => ({ isStopping: true, isCrashLooping: false }) })

  for (const url of ['/health/live', '/health/ready']) {
    await fastify.inject(url)
    await fastify.inject({ method: 'HEAD', url })
  }

  t.same(lines, [])
})
