import t from 'tap'
import { request } from '../../helpers/raw-client.ts'
import { serve } from '../built-server.ts'

await t.test('a handler can call inject() during a drain', async (t) => {
  const { fastify, connect } = await serve(t, {
    plugin: async (fastify) => {
      fastify.get('/inner', async () => 'inner')
      fastify.get('/promise', async () => (await fastify.inject('/inner')).body)
      fastify.get('/callback', (_request, reply) => {
        fastify.inject({ url: '/inner' }, (error, response) => { reply.send(error ?? response?.body) })
      })
      fastify.get('/wrong', (_request, reply) => {
        fastify.inject({ url: '/inner', method: 'NONSENSE' as 'GET' }, (error) => { reply.send(error?.message) })
      })
    }
  })
  const routes = ['/promise', '/callback']
  const clients = [await connect(), await connect(), await connect()]
  for (const path of routes) t.match(await clients[0]?.send(request(`GET ${path}`)).answer(), { status: 200, body: 'inner' })

  fastify.server.close()

  for (const [index, path] of routes.entries()) {
    t.match(await clients[index]?.send(request(`GET ${path}`)).answer(), { status: 200, body: 'inner' }, path)
  }
  t.match(await clients[2]?.send(request('GET /wrong')).answer(), { status: 200, body: /must be/ })
})
