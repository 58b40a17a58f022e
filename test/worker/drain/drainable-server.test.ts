import type { RequestListener } from 'node:http'
import t from 'tap'
import { connectRaw, request, type RawClient } from '../../helpers/raw-client.ts'
import { listen, signal, soon } from '../listening-server.ts'

const MEGABYTE = 'x'.repeat(1024 * 1024)

/** Answers with the body of the request. */
const readAll: RequestListener = (received, response) => {
  let body = ''
  received.on('data', (chunk) => {
    body += String(chunk)
    received.emit('test:data')
  })
  received.on('end', () => { response.end(body) })
}

await t.test('before a drain connections are kept alive and requests are handled at once', async (t) => {
  const { server, drain, connectIdle } = await listen(t)
  const client = await connectIdle()

  const answers = [await client.send(request('GET /')).answer(), await client.send(request('GET /')).answer()]

  t.match(answers, [{ headers: { connection: 'keep-alive' } }, { headers: { connection: 'keep-alive' } }])
  t.equal(server.listening, true)
  t.equal(drain.isDraining, false)
})

await t.test('an idle connection survives close(); the answer to its next request closes it, with FIN', async (t) => {
  const { close, connectIdle } = await listen(t)
  const clients = [await connectIdle(), await connectIdle()]

  const closed = close()

  for (const client of clients) {
    t.match(await client.send(request('GET /next')).answer(), { status: 200, headers: { connection: 'close' }, body: 'GET /next' })
    t.equal(await client.end(), 'FIN')
  }
  t.match(await closed, { requests: 2, closedByUse: 2, closedByExpiry: 0, closedAtDeadline: 0 })
})

await t.test('no connection is accepted after close()', async (t) => {
  const { server, port, connect } = await listen(t)
  const client = await connect()

  server.close()

  await t.rejects(connectRaw(t, port), { code: 'ECONNREFUSED' })
  t.ok(client.isQuiet)
})

await t.test('a request in flight at close() is answered completely, and its answer closes the connection', async (t) => {
  const work = signal()
  const { close, connect, arrival } = await listen(t, {
    '/slow': (_request, response) => { work.on(() => { response.end(MEGABYTE) }) }
  })
  const client = await connect()
  const arrived = arrival()
  client.send(request('GET /slow'))
  await arrived

  const closed = close()
  work.give()

  t.match(await client.answer(), { headers: { connection: 'close' }, body: MEGABYTE })
  t.equal(await client.end(), 'FIN')
  t.match(await closed, { requests: 1, closedByUse: 1 })
})

await t.test('a request that is on the wire when close() is called is answered', async (t) => {
  const { close, connect, connectIdle } = await listen(t)
  const clients = [await connect(), await connectIdle()]

  for (const client of clients) client.send(request('GET /'))
  const closed = close()

  for (const client of clients) t.match(await client.answer(), { headers: { connection: 'close' }, body: 'GET /' })
  await closed
})

await t.test('a connection on which nothing was sent before close() is served', async (t) => {
  const { close, connect } = await listen(t)
  const client = await connect()

  const closed = close()

  t.match(await client.send(request('GET /')).answer(), { headers: { connection: 'close' }, body: 'GET /' })
  await closed
})

await t.test('a streamed answer whose headers were sent before close() leaves the connection open for one more request', async (t) => {
  const rest = signal()
  const { close, connect } = await listen(t, {
    '/stream': (_request, response) => {
      response.write('one ')
      rest.on(() => { response.end('two') })
    }
  })
  const client = await connect()
  await client.send(request('GET /stream')).receives('one ')

  const closed = close()
  rest.give()

  t.match(await client.answer(), { headers: { connection: 'keep-alive' }, body: 'one two' })
  t.match(await client.send(request('GET /')).answer(), { headers: { connection: 'close' }, body: 'GET /' })
  await closed
})

await t.test('an answer that is streamed during a drain is complete, however slowly its client reads', async (t) => {
  const { close, connectIdle } = await listen(t, {
    '/stream': (_request, response) => {
      let left = 6
      const write = (): void => {
        if (left-- === 0) response.end('the end')
        else response.write(MEGABYTE, write)
      }
      write()
    }
  })
  const client = await connectIdle()
  const closed = close()

  client.send(request('GET /stream'))
  client.socket.on('data', () => {
    client.socket.pause()
    setImmediate(() => { client.socket.resume() })
  })

  t.equal((await client.answer()).body.length, 6 * MEGABYTE.length + 'the end'.length)
  t.equal(await client.end(), 'FIN')
  await closed
})

await t.test('an upload that began before close() is read to its end', async (t) => {
  const { close, connect, arrival } = await listen(t, { '/upload': readAll })
  const client = await connect()
  const arrived = arrival()
  client.send(request('POST /upload', { 'content-length': '12' }))
  const [upload] = await arrived
  client.send('half ')
  await soon(upload, 'test:data')

  const closed = close()
  client.send('and hal')

  t.match(await client.answer(), { headers: { connection: 'close' }, body: 'half and hal' })
  await closed
})

await t.test('an upload that begins during a drain is read to its end, with and without a length', async (t) => {
  const { close, connect, arrival } = await listen(t, { '/upload': readAll })
  const clients = [await connect(), await connect()]
  const closed = close()

  for (const [index, headers] of [{ 'content-length': '4' }, { 'transfer-encoding': 'chunked' }].entries()) {
    const client = clients[index]
    const arrived = arrival()
    client?.send(request('POST /upload', headers))
    const [upload] = await arrived
    client?.send(index === 0 ? 'bo' : '2\r\nbo\r\n')
    await soon(upload, 'test:data')
    client?.send(index === 0 ? 'dy' : '2\r\ndy\r\n0\r\n\r\n')

    t.match(await client?.answer(), { headers: { connection: 'close' }, body: 'body' })
    t.equal(await client?.end(), 'FIN')
  }
  await closed
})

await t.test('the client reads the early answer to its upload, and the connection stays open until the next one', async (t) => {
  const { close, connect } = await listen(t, {
    '/upload': (_request, response) => { response.writeHead(401).end('who are you?') }
  })
  const client = await connect()
  const closed = close()
  const body = MEGABYTE.repeat(8)

  client.send(request('POST /upload', { 'content-length': String(body.length) }))
  t.match(await client.answer(), { status: 401, headers: { connection: 'keep-alive' }, body: 'who are you?' })
  client.send(body)

  t.match(await client.send(request('GET /')).answer(), { headers: { connection: 'close' }, body: 'GET /' })
  t.equal(await client.end(), 'FIN')
  t.match(await closed, { requests: 2, closedByUse: 1 })
})

await t.test('the client reads the early answer to an upload that is already on the wire', async (t) => {
  const { close, connect } = await listen(t, {
    '/upload': (_request, response) => { response.writeHead(401).end('who are you?') }
  })
  const client = await connect()
  const closed = close()
  const body = MEGABYTE.repeat(8)

  client.send(request('POST /upload', { 'content-length': String(body.length) }), body, request('GET /'))

  t.match(await client.answers(2), [
    { status: 401, headers: { connection: 'keep-alive' } },
    { status: 200, headers: { connection: 'close' } }
  ])
  t.equal(await client.end(), 'FIN')
  await closed
})

await t.test('a body that fits into the packet of its request has arrived before the answer', async (t) => {
  const { close, connect } = await listen(t, {
    '/upload': (_request, response) => { response.writeHead(401).end() }
  })
  const client = await connect()
  const closed = close()

  client.send(request('POST /upload', {}, 'small'))

  t.match(await client.answer(), { status: 401, headers: { connection: 'close' } })
  await closed
})

await t.test('a request sent after the closing answer is not processed, and causes no reset that destroys the answer', async (t) => {
  const { close, connect, handled } = await listen(t, {
    '/large': (_request, response) => { response.end(MEGABYTE) }
  })
  const client = await connect({ allowHalfOpen: true })
  const closed = close()

  client.send(request('GET /large'))
  await client.receives('Connection: close'.toLowerCase())
  client.socket.pause()
  client.send(request('POST /lost', {}, 'x'.repeat(100_000)), request('GET /lost'))
  client.socket.resume()

  t.equal((await client.answer()).body.length, MEGABYTE.length)
  t.equal(await client.end(), 'FIN')
  client.send(request('GET /lost')).socket.end()
  t.match(await closed, { requests: 1, closedByUse: 1 })
  t.same(handled, ['GET /large'])
})

await t.test('a client that never closes its side keeps its connection until the linger timeout', async (t) => {
  const { drain, close, connect } = await listen(t)
  const client = await connect({ allowHalfOpen: true })
  // The client gets the rest of the timeout, and no more.
  drain.setLimits({ timeout: 400 })

  const closed = close()
  await client.send(request('GET /')).answer()

  t.equal(await client.end(), 'FIN')
  t.match(await closed, { closedByUse: 1 })
  t.notOk(client.socket.writableEnded)
})

await t.test('a `timeout` listener on the server does not keep a connection open after its last answer', async (t) => {
  const { server, drain, close, connect } = await listen(t)
  server.on('timeout', () => {})
  const client = await connect({ allowHalfOpen: true })
  drain.setLimits({ timeout: 400 })

  const closed = close()
  await client.send(request('GET /')).answer()

  t.match(await closed, { closedByUse: 1 })
})

await t.test('a client that disconnects without its answer affects no other client', async (t) => {
  const { close, connect, arrival } = await listen(t, { '/never': () => {} })
  const [leaving, staying] = [await connect(), await connect()]
  const arrived = arrival()
  leaving.send(request('GET /never'))
  const [, response] = await arrived

  const closed = close()
  const left = soon(response, 'close')
  leaving.socket.resetAndDestroy()
  await left

  t.match(await staying.send(request('GET /')).answer(), { body: 'GET /' })
  t.match(await closed, { requests: 2, closedByUse: 1, closedByExpiry: 1 })
})

await t.test('a request whose client disconnects before its turn is not processed', async (t) => {
  const { close, connect, arrival, handled } = await listen(t)
  const client = await connect()
  const closed = close()

  const arrived = arrival()
  client.send(request('GET /'))
  const [received] = await arrived
  received.socket.destroy()

  await closed
  t.same(handled, [])
})

await t.test('malformed HTTP during a drain gets 400, and affects no other client', async (t) => {
  const { close, connect } = await listen(t)
  const [bad, good] = [await connect(), await connect()]
  const closed = close()

  bad.send('BOGUS\r\n\r\n')

  t.match(await bad.answer(), { status: 400, headers: { connection: 'close' } })
  t.match(await good.send(request('GET /')).answer(), { status: 200, headers: { connection: 'close' } })
  t.match(await closed, { requests: 1, closedByUse: 1, closedByExpiry: 1 })
})

await t.test('a request without a Host header gets 400 and closes the connection', async (t) => {
  const { close, connect } = await listen(t)
  const client = await connect()
  const closed = close()

  client.send('GET / HTTP/1.1\r\n\r\n')

  t.match(await client.answer(), { status: 400, headers: { connection: 'close' } })
  t.equal(await client.end(), 'FIN')
  await closed
})

await t.test('headersTimeout and requestTimeout end a half-sent request during a drain', async (t) => {
  const { close, connect } = await listen(t, { '/upload': readAll }, {
    headersTimeout: 100, requestTimeout: 200, connectionsCheckingInterval: 20
  })
  const clients = [await connect(), await connect()]
  const closed = close()

  clients[0]?.send('GET / HTTP/1.1\r\nhost: te')
  clients[1]?.send(request('POST /upload', { 'content-length': '10' }), 'half')

  for (const client of clients) {
    t.match(await client.answer(), { status: 408, headers: { connection: 'close' } })
    t.equal(await client.end(), 'FIN')
  }
  await closed
})

await t.test('the keep-alive timeout still ends an idle connection during a drain', async (t) => {
  const { server, close, connectIdle } = await listen(t)
  server.keepAliveTimeout = 1
  const client = await connectIdle()

  const closed = close()

  t.equal(await client.end(), 'FIN')
  t.match(await closed, { requests: 0, closedByUse: 0, closedByExpiry: 1 })
})

await t.test('every kind of answer closes the connection, and no client is left waiting', async (t) => {
  const { close, connect } = await listen(t, {
    '/204': (_request, response) => { response.writeHead(204).end() },
    '/304': (_request, response) => { response.statusCode = 304; response.end() },
    '/chunked': (_request, response) => { response.write('a'); response.end('b') },
    '/empty': (_request, response) => { response.end() },
    '/flushed': (_request, response) => { response.flushHeaders(); response.end('later') },
    '/trailers': (_request, response) => {
      response.writeHead(200, { trailer: 'x-sum' })
      response.write('body')
      response.addTrailers({ 'x-sum': '42' })
      response.end()
    }
  })
  const kinds: Array<[text: string, isToHead: boolean, expected: object]> = [
    [request('GET /204'), false, { status: 204 }],
    [request('GET /304'), false, { status: 304 }],
    [request('HEAD /'), true, { status: 200 }],
    [request('GET /chunked'), false, { body: 'ab', headers: { 'transfer-encoding': 'chunked' } }],
    [request('GET /empty'), false, { body: '' }],
    [request('GET /flushed'), false, { body: 'later' }],
    [request('GET /trailers'), false, { body: 'body', trailers: 'x-sum: 42' }],
    [request('GET /', { connection: 'close' }), false, { body: 'GET /' }],
    [request('GET /', { connection: 'keep-alive' }), false, { body: 'GET /' }],
    ['GET / HTTP/1.0\r\n\r\n', false, { body: 'GET /' }],
    ['GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n', false, { body: 'GET /' }],
    ['GET /chunked HTTP/1.0\r\n\r\n', false, { body: 'ab' }]
  ]
  const clients: RawClient[] = []
  while (clients.length < kinds.length) clients.push(await connect())
  const closed = close()

  for (const [index, [text, isToHead, expected]] of kinds.entries()) {
    const client = clients[index]
    t.match(await client?.send(text).answer({ isToHead }), { headers: { connection: 'close' }, ...expected }, text)
    t.equal(await client?.end(), 'FIN', text)
  }
  t.match(await closed, { requests: kinds.length, closedByUse: kinds.length })
})

await t.test('informational answers are sent before the one that closes the connection', async (t) => {
  const { close, connect } = await listen(t, {
    '/hints': (_request, response) => {
      response.writeProcessing()
      response.writeEarlyHints({ link: '</style.css>; rel=preload' })
      response.end('page')
    },
    '/upload': readAll
  })
  const [hinted, uploading] = [await connect(), await connect()]
  const closed = close()

  hinted.send(request('GET /hints'))
  uploading.send(request('POST /upload', { expect: '100-continue', 'content-length': '4' }))

  t.match(await hinted.answers(3), [{ status: 102 }, { status: 103 }, { status: 200, headers: { connection: 'close' } }])
  t.match(await uploading.answer(), { status: 100 })
  t.match(await uploading.send('body').answer(), { headers: { connection: 'close' }, body: 'body' })
  await closed
})

await t.test('the limit of requests per connection also applies during a drain', async (t) => {
  const { server, close, connectIdle } = await listen(t)
  server.maxRequestsPerSocket = 2
  const client = await connectIdle()
  const closed = close()

  t.match(await client.send(request('GET /')).answer(), { status: 200, headers: { connection: 'close' } })
  await closed
})

await t.test('the request on a new connection is read before idle connections are closed at once', async (t) => {
  const { server, port, drain } = await listen(t)
  server.once('connection', () => {
    drain.setLimits({ timeout: 60_000, idleTimeout: 0 })
    server.close()
  })
  const client = (await connectRaw(t, port)).send(request('GET /'))

  t.match(await client.answer(), { status: 200, headers: { connection: 'close' } })
})

await t.test('a connection that was upgraded is left alone', async (t) => {
  const { server, drain, close, connect } = await listen(t)
  server.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n')
    socket.pipe(socket)
  })
  const client = await connect()
  await client.send(request('POST /', {}, 'body')).answer()
  client.send(request('GET /', { connection: 'upgrade', upgrade: 'echo' }))
  t.match(await client.answer(), { status: 101, headers: { connection: 'upgrade' } })

  drain.setLimits({ timeout: 60_000, idleTimeout: 0 })
  const closed = close()
  client.send('still here')
  await client.receives('still here')

  t.match(drain.progress(), { requests: 0, connections: 1 })
  drain.setLimits({ timeout: 400 })
  t.equal(await client.end(), 'FIN after "still here"')
  t.match(await closed, { closedAtDeadline: 1 })
})

await t.test('close() may be called again, by any caller, and every callback is called', async (t) => {
  const { server, close, connectIdle } = await listen(t)
  const client = await connectIdle()
  server.closeIdleConnections()

  const closed = close()
  const again = new Promise((resolve) => { server.close(resolve) })
  const disposed = t.rejects(server[Symbol.asyncDispose](), { code: 'ERR_SERVER_NOT_RUNNING' })
  server.closeIdleConnections()

  t.ok(client.isQuiet)
  t.match(await client.send(request('GET /')).answer(), { headers: { connection: 'close' } })
  await closed
  t.match(await again, { code: 'ERR_SERVER_NOT_RUNNING' })
  await disposed
})
