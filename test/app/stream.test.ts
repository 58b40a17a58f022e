import t from 'tap'

import { buildApp, disconnection, hasTimer, listen } from './build-app.ts'
import { answerTo, open, readUntil } from './client.ts'

await t.test('GET /stream sends the requested number of numbered lines', async (t) => {
  const app = buildApp(t)

  const response = await app.inject('/stream?chunks=3&ms=1')

  t.equal(response.statusCode, 200)
  t.equal(response.headers['content-type'], 'text/plain; charset=utf-8')
  t.equal(response.body, 'chunk 0\nchunk 1\nchunk 2\n')
})

await t.test('GET /stream sends ten lines by default', async (t) => {
  const app = buildApp(t)

  const response = await app.inject('/stream?ms=0')

  t.equal(response.body.trimEnd().split('\n').length, 10)
})

await t.test('GET /stream without a wait sends the maximum of lines, each of them once and in order', async (t) => {
  const app = buildApp(t)
  const lines = Array.from({ length: 10_000 }, (_, chunk) => `chunk ${chunk}\n`)

  const response = await app.inject('/stream?chunks=10000&ms=0')

  t.equal(response.body, lines.join(''))
})

await t.test('GET /stream sends a line immediately, and no more after the client disconnects', async (t) => {
  const app = buildApp(t)
  const disconnected = disconnection(app)
  const server = await listen(app)
  const client = open(t, server, { path: '/stream?chunks=10000&ms=10000' })

  client.end()
  const received = await readUntil(await answerTo(client), '\n')
  const isWaiting = hasTimer()
  client.destroy()
  await disconnected

  t.equal(received, 'chunk 0\n')
  t.ok(isWaiting)
  t.notOk(hasTimer(), 'no line is due')
})

await t.test('GET /stream has no HEAD route, which would generate the whole stream in vain', async (t) => {
  const app = buildApp(t)

  const response = await app.inject({ method: 'HEAD', url: '/stream' })

  t.equal(response.statusCode, 404)
})
