import { once } from 'node:events'
import { PassThrough } from 'node:stream'

import t from 'tap'

import { buildApp, deadline, disconnection, hasTimer, listen, worker } from './build-app.ts'
import { open } from './client.ts'

await t.test('GET /slow waits and then answers with the requested time', async (t) => {
  const app = buildApp(t)

  const response = await app.inject('/slow?ms=20')

  t.equal(response.statusCode, 200)
  t.strictSame(response.json(), { waited: 20, ...worker })
})

await t.test('GET /slow waits one second by default', async (t) => {
  const app = buildApp(t)

  const response = await app.inject('/slow')

  t.equal(response.json().waited, 1000)
})

await t.test('GET /slow stops waiting when the client disconnects, and logs no error', async (t) => {
  const log = new PassThrough()
  const app = buildApp(t, { logger: { level: 'warn', stream: log } })
  app.addHook('preHandler', async () => { app.server.emit('test:arrival') })
  app.addHook('onSend', async () => { app.server.emit('test:answer') })
  const disconnected = disconnection(app)
  const server = await listen(app)
  const arrived = once(app.server, 'test:arrival', { signal: deadline() })
  const answered = once(app.server, 'test:answer', { signal: deadline() })
  const client = open(t, server, { path: '/slow?ms=60000' })

  client.end()
  await arrived
  client.destroy()
  await disconnected

  t.notOk(hasTimer(), 'no timer is active')
  await t.resolves(answered)
  t.equal(log.read(), null)
})
