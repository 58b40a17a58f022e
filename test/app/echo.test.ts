import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'

import t from 'tap'
import { Agent, request } from 'undici'

import { buildApp, deadline, listen } from './build-app.ts'
import { answerTo, open, readToEnd, readUntil } from './client.ts'

await t.test('POST /echo answers the same bytes and content type', async (t) => {
  const app = buildApp(t)
  const bodies: Array<[type: string, payload: string | Buffer]> = [
    ['application/json', '{ "spaces":  "kept" }'],
    ['application/json', 'not json at all'],
    ['application/json', ''],
    ['text/plain', 'grüße'],
    ['text/plain; charset=iso-8859-1', Buffer.from('grüße', 'latin1')],
    ['application/octet-stream', Buffer.from([0, 255, 10, 13, 0])],
    ['application/x-www-form-urlencoded', 'a=1&b=2'],
    ['image/png', randomBytes(1000)]
  ]

  for (const [type, payload] of bodies) {
    const headers = { 'content-type': type, 'content-length': String(Buffer.byteLength(payload)) }
    const response = await app.inject({ method: 'POST', url: '/echo', headers, payload })

    t.equal(response.statusCode, 200, type)
    t.equal(response.headers['content-type'], type, type)
    t.equal(response.headers['content-length'], headers['content-length'], type)
    t.ok(response.rawPayload.equals(Buffer.from(payload)), type)
  }
})

await t.test('POST /echo sends no content type when the request has none', async (t) => {
  const app = buildApp(t)

  const response = await app.inject({ method: 'POST', url: '/echo', payload: Buffer.from('bytes') })

  t.equal(response.statusCode, 200)
  t.equal(response.headers['content-type'], undefined)
  t.equal(response.body, 'bytes')
})

await t.test('POST /echo without a body answers without a body', async (t) => {
  const app = buildApp(t)

  const response = await app.inject({ method: 'POST', url: '/echo' })

  t.equal(response.statusCode, 200)
  t.equal(response.headers['content-length'], '0')
  t.equal(response.body, '')
})

await t.test('POST /echo answers each piece of an upload before the next one is sent', async (t) => {
  const server = await listen(buildApp(t))
  const pieces = ['first ', 'second ', 'third']
  const client = open(t, server, {
    method: 'POST',
    path: '/echo',
    headers: { 'content-type': 'text/plain', 'content-length': pieces.join('').length }
  })

  client.write(pieces[0])
  const answer = await answerTo(client)
  const received = [await readUntil(answer, 'first ')]
  client.write(pieces[1])
  received.push(await readUntil(answer, 'second '))
  client.end(pieces[2])
  received.push(await readToEnd(answer))

  t.equal(answer.headers['content-length'], '18')
  t.strictSame(received, pieces)
})

await t.test('POST /echo accepts a body above the body limit, with and without a content length', async (t) => {
  const server = await listen(buildApp(t, { bodyLimit: 1024 }))
  const dispatcher = new Agent()
  t.teardown(() => dispatcher.close())
  const payload = randomBytes(3_000_000)
  const bodies: Array<[body: Buffer | Readable, length: string | undefined]> = [
    [payload, '3000000'],
    [Readable.from([payload.subarray(0, 70_000), payload.subarray(70_000)]), undefined]
  ]

  for (const [body, length] of bodies) {
    const response = await request(`http://127.0.0.1:${server.port}/echo`, {
      method: 'POST', body, dispatcher, signal: deadline()
    })

    t.equal(response.statusCode, 200)
    t.equal(response.headers['content-length'], length)
    t.ok(payload.equals(Buffer.from(await response.body.arrayBuffer())))
  }
})

await t.test('a client that disconnects during an upload affects no other client', async (t) => {
  const app = buildApp(t)
  app.addHook('onRequestAbort', async (_request) => { app.server.emit('test:aborted') })
  const server = await listen(app)
  const aborted = once(app.server, 'test:aborted', { signal: deadline() })
  const client = open(t, server, { method: 'POST', path: '/echo', headers: { 'content-length': 100 } })

  client.write('a part')
  await readUntil(await answerTo(client), 'a part')
  client.destroy()
  await aborted

  const response = await app.inject({ method: 'POST', url: '/echo', payload: 'next' })
  t.equal(response.body, 'next')
})

await t.test('other routes keep the parsers of Fastify', async (t) => {
  const app = buildApp(t)
  app.post('/json', async (request) => request.body)

  const response = await app.inject({ method: 'POST', url: '/json', payload: { parsed: true } })

  t.strictSame(response.json(), { parsed: true })
})
