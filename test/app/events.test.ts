import t from 'tap'
import { request } from 'undici'

import { buildApp, deadline, disconnection, hasTimer, listen, worker } from './build-app.ts'
import { answerTo, open, readToEnd, readUntil } from './client.ts'

const event = (count: number) => `data: ${JSON.stringify({ count, ...worker })}\n\n`

await t.test('GET /events sends a retry hint, one event immediately and then one every second', async (t) => {
  const server = await listen(buildApp(t))
  const client = open(t, server, { path: '/events' })

  client.end()
  const answer = await answerTo(client)
  const received = await readUntil(answer, event(2))

  t.equal(answer.headers['content-type'], 'text/event-stream')
  t.equal(answer.headers['cache-control'], 'no-store')
  t.equal(received, 'retry: 1000\n\n' + event(1) + event(2))
})

await t.test('every open event stream sends goodbye and ends when a drain begins', async (t) => {
  const app = buildApp(t)
  const server = await listen(app)
  const clients = [open(t, server, { path: '/events' }), open(t, server, { path: '/events' })]
  const answers = await Promise.all(clients.map((client) => answerTo(client.end())))
  await Promise.all(answers.map((answer) => readUntil(answer, event(1))))

  const closed = app.close()
  const goodbyes = await Promise.all(answers.map((answer) => readToEnd(answer)))
  await closed

  t.strictSame(goodbyes, [`event: goodbye\n${event(1)}`, `event: goodbye\n${event(1)}`])
})

await t.test('an event stream that is requested during a drain sends goodbye immediately', async (t) => {
  const app = buildApp(t, { return503OnClosing: false })
  let body: string | undefined
  app.register(async (later) => {
    later.addHook('preClose', async () => {
      const response = await request(`http://127.0.0.1:${server.port}/events`, { signal: deadline() })
      body = await response.body.text()
    })
  })
  const server = await listen(app)

  await app.close()

  t.equal(body, `retry: 1000\n\n${event(1)}event: goodbye\n${event(1)}`)
})

await t.test('an event stream ends when its client disconnects, and leaves no timer behind', async (t) => {
  const app = buildApp(t)
  const disconnected = disconnection(app)
  const server = await listen(app)
  const client = open(t, server, { path: '/events' })
  client.end()
  await readUntil(await answerTo(client), event(1))
  t.ok(hasTimer(), 'the next event is due')

  client.destroy()
  await disconnected

  t.notOk(hasTimer(), 'no event is due')
})

await t.test('GET /events has no HEAD route, which would never end', async (t) => {
  const app = buildApp(t)

  const response = await app.inject({ method: 'HEAD', url: '/events' })

  t.equal(response.statusCode, 404)
})
