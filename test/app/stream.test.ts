import t from 'tap'

import { buildApp, departure, hasTimer, listen } from './build-app.ts'
import { answerTo, open, readUntil } from './client.ts'

await t.test('GET /stream sends as many numbered lines as were asked for', async (t) => {
  const app = buildApp(t)

  const response = await app.inject('/stream?chunks=3&ms=1')

  t.equal(response.statusCode, 200)
  t.equal(response.headers['content-type'], 'text/plain; charset=utf-8')
  t.equal(response.body, 'chunk 0\nchunk 1\nchunk 2\n')
})

await t.test('GET /stream sends ten lines unless it is told otherwise', async (t) => {
  const app = buildApp(t)

  const response = await app.inject('/stream?ms=0')

  t.equal(response.body.trimEnd().split('\n').length, 10)
})

await t.test('GET /stream without a wait sends the most lines, each of them once and in order', async (t) => {
  const app = buildApp(t)
  const lines = Array.from({ length: 10_000 }, (_, chunk) => `chunk ${chunk}\n`)

  const response = await app.inject('/stream?chunks=10000&ms=0')

  t.equal(response.body, lines.join(''))
})

await t.test('GET /stream sends a line at once, and makes no more when the client has left', async (t) => {
  const app = buildApp(t)
  const departed = departure(app)
  const server = await listen(app)
  const client = open(t, server, { path: '/stream?chunks=10000&ms=10000' })

  client.end()
  const received = await readUntil(await answerTo(client), '\n')
  const isWaiting = hasTimer()
  client.destroy()
  await departed

  t.equal(received, 'chunk 0\n')
  t.ok(isWaiting)
  t.notOk(hasTimer(), 'no line is due')
})

await t.test('GET /stream has no HEAD route, which would make the whole stream for nobody', async (t) => {
  const app = buildApp(t)

  const response = await app.inject({ method: 'HEAD', url: '/stream' })

  t.equal(response.statusCode, 404)
})
