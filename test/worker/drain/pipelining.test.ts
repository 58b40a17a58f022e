import type { ServerResponse } from 'node:http'
import t from 'tap'
import { request } from '../../helpers/raw-client.ts'
import { listen, signal, soon } from '../listening-server.ts'

const KEEP = { status: 200, headers: { connection: 'keep-alive' } }
const CLOSE = { status: 200, headers: { connection: 'close' } }

await t.test('of four pipelined requests, all are answered in order and only the last answer closes', async (t) => {
  const { close, connect } = await listen(t)
  const client = await connect()
  const closed = close()

  client.send(request('GET /1'), request('GET /2'), request('GET /3'), request('GET /4'))

  t.match(await client.answers(4), [
    { ...KEEP, body: 'GET /1' }, { ...KEEP, body: 'GET /2' }, { ...KEEP, body: 'GET /3' }, { ...CLOSE, body: 'GET /4' }
  ])
  t.equal(await client.end(), 'FIN')
  t.match(await closed, { requests: 4, closedByUse: 1 })
})

await t.test('four requests with bodies in one packet are all answered', async (t) => {
  const { close, connect, handled } = await listen(t)
  const client = await connect()
  const closed = close()

  client.send(...['1', '2', '3', '4'].map((name) => request(`POST /${name}`, {}, 'body')))

  t.match(await client.answers(4), [{ ...KEEP, body: 'POST /1' }, KEEP, KEEP, { ...CLOSE, body: 'POST /4' }])
  await closed
  t.same(handled, ['POST /1', 'POST /2', 'POST /3', 'POST /4'])
})

await t.test('a request that arrives while an earlier one is handled is answered, and closes the connection', async (t) => {
  const work = signal()
  const { close, connect, arrival } = await listen(t, {
    '/slow': (_request, response) => { work.on(() => { response.end('slow') }) }
  })
  const client = await connect()
  const closed = close()

  for (const text of [request('GET /slow'), request('GET /next')]) {
    const arrived = arrival()
    client.send(text)
    await arrived
  }
  work.give()

  t.match(await client.answers(2), [{ ...KEEP, body: 'slow' }, { ...CLOSE, body: 'GET /next' }])
  await closed
})

await t.test('each request that arrives in time is served, one after the other', async (t) => {
  const responses: ServerResponse[] = []
  const { close, connect, arrival, handled } = await listen(t, {
    '/held': (_request, response) => {
      responses.push(response)
      response.req.socket.emit('test:held')
    }
  })
  const client = await connect()
  const closed = close()

  const arrived = arrival()
  client.send(request('GET /held'))
  const [{ socket }] = await arrived
  await soon(socket, 'test:held')
  for (let count = 1; count < 4; count++) {
    const next = arrival()
    client.send(request('GET /held'))
    await next
    const turn = soon(socket, 'test:held')
    t.equal(handled.length, count, 'it waits for its turn')
    responses.shift()?.end(String(count))
    t.match(await client.answer(), { ...KEEP, body: String(count) })
    await turn
  }
  responses.shift()?.end('4')

  t.match(await client.answer(), { ...CLOSE, body: '4' })
  await closed
})

await t.test('requests that were pipelined before close() are answered after it, and the last of them closes', async (t) => {
  const work = signal()
  const { drain, close, connect, arrival } = await listen(t, {
    '/slow': (received, response) => {
      work.on(() => { response.end(received.url) })
    }
  })
  const client = await connect()
  const arrived = arrival(3)
  client.send(request('GET /slow'))
  client.send(request('GET /slow'))
  client.send(request('GET /slow'))
  await arrived

  t.match(drain.progress(), { requests: 3, connections: 1 })
  const closed = close()
  work.give()

  t.match(await client.answers(3), [KEEP, KEEP, { body: '/slow' }])
  t.match(await client.send(request('GET /')).answer(), CLOSE)
  t.match(await closed, { requests: 4, closedByUse: 1 })
})

await t.test('an answer that was written before its turn leaves the connection open', async (t) => {
  const work = signal()
  const { close, connect, arrival } = await listen(t, {
    '/slow': (_request, response) => { work.on(() => { response.end('slow') }) },
    '/queued': (_request, response) => { response.req.socket.once('test:drain', () => { response.end('queued') }) }
  })
  const client = await connect()
  for (const text of [request('GET /slow'), request('GET /queued')]) {
    const arrived = arrival()
    client.send(text)
    const [{ socket }] = await arrived
    if (text.includes('queued')) {
      const closed = close()
      socket.emit('test:drain')
      work.give()

      t.match(await client.answers(2), [{ ...KEEP, body: 'slow' }, { ...KEEP, body: 'queued' }])
      t.match(await client.send(request('GET /')).answer(), CLOSE)
      await closed
    }
  }
})

await t.test('an early answer to a pipelined upload does not close the connection, and the request behind it is served', async (t) => {
  const { close, connect } = await listen(t, {
    '/upload': (_request, response) => { response.writeHead(413).end() }
  })
  const client = await connect()
  const closed = close()

  client.send(request('GET /'), request('POST /upload', { 'content-length': '100000' }))

  t.match(await client.answers(2), [KEEP, { status: 413, headers: { connection: 'keep-alive' } }])
  client.send('x'.repeat(100_000), request('GET /'))
  t.match(await client.answer(), CLOSE)
  await closed
})

await t.test('requests behind an answer that closes are neither handled nor counted', async (t) => {
  const rest = signal()
  const { drain, close, connect, arrival, handled } = await listen(t, {
    '/stream': (_request, response) => {
      response.write('one ')
      rest.on(() => { response.end('two') })
    }
  })
  const client = await connect()
  const closed = close()
  client.send(request('GET /stream'))
  await client.receives('one ')

  const arrived = arrival()
  client.send(request('GET /too-late'))
  await arrived
  t.match(drain.progress(), { requests: 1, connections: 1 })
  rest.give()

  t.match(await client.answer(), { ...CLOSE, body: 'one two' })
  t.equal(await client.end(), 'FIN')
  t.match(await closed, { requests: 1, closedByUse: 1 })
  t.same(handled, ['GET /stream'])
})

await t.test('a client that closes its side after four requests gets the four answers', async (t) => {
  const { close, connect } = await listen(t)
  const client = await connect({ allowHalfOpen: true })
  const closed = close()

  client.send(request('GET /1'), request('GET /2'), request('GET /3'), request('GET /4')).socket.end()

  t.match(await client.answers(4), [KEEP, KEEP, KEEP, { ...CLOSE, body: 'GET /4' }])
  await closed
})

await t.test('a flood of requests whose answers are not read yet is answered completely', async (t) => {
  const { close, connect } = await listen(t, {
    '/': (_request, response) => { response.end('x'.repeat(100_000)) }
  })
  const client = await connect()
  const closed = close()
  client.socket.pause()

  client.send(request('GET /').repeat(100))
  client.socket.resume()
  const answers = await client.answers(100)

  t.equal(answers.filter(({ body }) => body.length === 100_000).length, 100)
  t.match(answers.at(-1), CLOSE)
  await closed
})
