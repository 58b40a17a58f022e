import underPressure from '@fastify/under-pressure'
import type { FastifyError } from 'fastify'
import t from 'tap'
import { waitUntil } from '../../helpers/wait-until.ts'
import { build, buildUnderPressure } from '../built-server.ts'

await t.test('under pressure requests get 503, Retry-After and a code', async (t) => {
  const { fastify } = await buildUnderPressure(t)

  const response = await fastify.inject('/')

  t.equal(response.statusCode, 503)
  t.equal(response.headers['retry-after'], '10')
  t.match(response.json(), { statusCode: 503, code: 'FST_UNDER_PRESSURE', error: 'Service Unavailable' })
})

await t.test('health checks are never shed', async (t) => {
  const { fastify } = await buildUnderPressure(t)

  t.equal((await fastify.inject('/health/live')).statusCode, 200)
  t.match((await fastify.inject('/health/ready')).json(), { status: 'under pressure' })
})

await t.test('requests are answered while no limit is reached', async (t) => {
  const { fastify } = await build(t, {
    env: { MAX_RSS_BYTES: String(2 ** 50), MAX_HEAP_USED_BYTES: String(2 ** 50), MAX_EVENT_LOOP_UTILIZATION: '1' }
  })

  t.equal((await fastify.inject('/')).statusCode, 200)
})

await t.test('with all limits off the plugin is not registered', async (t) => {
  const off = await build(t, { env: { MAX_EVENT_LOOP_DELAY_MS: 'off' } })
  const on = await build(t)

  t.equal((await off.fastify.inject('/')).statusCode, 200)
  t.notMatch(off.fastify.printPlugins(), /under-pressure/)
  t.match(on.fastify.printPlugins(), /under-pressure/)
})

await t.test('an application may register under-pressure itself', async (t) => {
  for (const env of [{}, { MAX_EVENT_LOOP_DELAY_MS: 'off' }]) {
    let isUnderPressure = (): boolean => false
    const { fastify } = await build(t, {
      env,
      plugin: async (context) => {
        await context.register(underPressure, { maxRssBytes: 1, sampleInterval: 10 })
        isUnderPressure = () => context.isUnderPressure()
        context.get('/', async () => 'never')
      }
    })
    await waitUntil(isUnderPressure, () => 'pressure')

    t.equal((await fastify.inject('/')).statusCode, 503)
    t.equal((await fastify.inject('/health/ready')).statusCode, 200)
  }
})

await t.test('the error handler of the application can change the answer', async (t) => {
  const { fastify } = await buildUnderPressure(t, {
    plugin: async (fastify) => {
      fastify.setErrorHandler<FastifyError>(async (error, _request, reply) => {
        reply.code(Number(error.statusCode))
        return { own: error.code }
      })
      fastify.get('/', async () => 'never')
    }
  })

  const response = await fastify.inject('/')

  t.equal(response.statusCode, 503)
  t.same(response.json(), { own: 'FST_UNDER_PRESSURE' })
})

await t.test('pressure counts when two checks in a row find it', async (t) => {
  const before = performance.now()

  await buildUnderPressure(t)

  t.ok(performance.now() - before >= 3000, 'not before the second check')
})

await t.test('one long pause of the event loop sheds nothing', async (t) => {
  const { fastify } = await build(t, { env: { MAX_EVENT_LOOP_DELAY_MS: '100' } })
  const statuses = new Set<number>()
  const end = performance.now() + 1600
  for (const stop = performance.now() + 1100; performance.now() < stop;);

  while (performance.now() < end + 1600) {
    statuses.add((await fastify.inject('/')).statusCode)
    await new Promise((resolve) => { setImmediate(resolve) })
  }

  t.same([...statuses], [200])
})
