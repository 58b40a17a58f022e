import { once } from 'node:events'
import { connect as connectPlain, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { Gate } from '../../helpers/gate.ts'
import { connectTls, request } from '../../helpers/raw-client.ts'
import { pair } from '../../helpers/tls.ts'
import { DEADLINE, waitUntil } from '../../helpers/wait-until.ts'
import { listen, signal, soon, type Listening } from '../listening-server.ts'

const MINUTE = 60_000
const MEGABYTE = 'x'.repeat(1024 * 1024)

const KEEP = { headers: { connection: 'keep-alive' } }
const CLOSE = { headers: { connection: 'close' } }

type Routes = Parameters<typeof listen>[1]
type Options = Parameters<typeof listen>[2]

/** HTTP/1.1 over TLS: alone, and on the same port as HTTP/2. */
for (const http2 of [false, true]) {
  const over = http2 ? 'HTTP/1.1 beside HTTP/2' : 'HTTPS'
  const listenSecurely = async (t: Test, routes: Routes = {}, options: Options = {}, now?: () => number): Promise<Listening> =>
    await listen(t, routes, options, now, { ...pair('one'), http2 })

  await t.test(`${over}: an idle connection survives close(); the answer to its next request closes it, with FIN`, async (t) => {
    const { close, connectIdle } = await listenSecurely(t)
    const client = await connectIdle()

    const closed = close()

    t.ok(client.isQuiet)
    t.match(await client.send(request('GET /')).answer(), { ...CLOSE, body: 'GET /' })
    t.equal(await client.end(), 'FIN')
    t.match(await closed, { requests: 1, closedByUse: 1, closedByExpiry: 0, closedAtDeadline: 0 })
  })

  await t.test(`${over}: requests that are on the wire when close() is called are answered, on used and on new connections`, async (t) => {
    const { close, connect, connectIdle } = await listenSecurely(t)
    const clients = [await connect(), await connectIdle()]

    for (const client of clients) client.send(request('GET /'))
    const closed = close()

    for (const client of clients) t.match(await client.answer(), { ...CLOSE, body: 'GET /' })
    t.match(await closed, { requests: 2, closedByUse: 2 })
  })

  await t.test(`${over}: a request that is in flight when close() is called is answered, and the answer closes the connection`, async (t) => {
    const work = signal()
    const { drain, close, connect, arrival } = await listenSecurely(t, { '/slow': (_request, response) => { work.on(() => { response.end('slow') }) } })
    const client = await connect()
    const arrived = arrival()
    client.send(request('GET /slow'))
    await arrived

    const closed = close()
    t.match(drain.progress(), { requests: 1, connections: 1 })
    work.give()

    t.match(await client.answer(), { ...CLOSE, body: 'slow' })
    t.equal(await client.end(), 'FIN')
    t.match(await closed, { requests: 1, closedByUse: 1 })
  })

  await t.test(`${over}: only the last of several pipelined answers closes the connection`, async (t) => {
    const { close, connect } = await listenSecurely(t)
    const client = await connect()
    const closed = close()

    client.send(request('GET /1'), request('GET /2'), request('GET /3'))

    t.match(await client.answers(3), [KEEP, KEEP, { ...CLOSE, body: 'GET /3' }])
    t.equal(await client.end(), 'FIN')
    t.match(await closed, { requests: 3, closedByUse: 1 })
  })

  await t.test(`${over}: an answer that is larger than any buffer is complete, however slowly its client reads`, async (t) => {
    const { close, connectIdle } = await listenSecurely(t, {
      '/large': (_request, response) => { response.end(MEGABYTE.repeat(6)) }
    })
    const client = await connectIdle()
    const closed = close()

    client.send(request('GET /large'))
    client.socket.on('data', () => {
      client.socket.pause()
      setImmediate(() => { client.socket.resume() })
    })

    t.equal((await client.answer()).body.length, 6 * MEGABYTE.length)
    t.equal(await client.end(), 'FIN')
    await closed
  })

  await t.test(`${over}: the client reads the early answer to its upload, and the connection stays open until the next one`, async (t) => {
    const { close, connect } = await listenSecurely(t, {
      '/upload': (_request, response) => { response.writeHead(401).end('who are you?') }
    })
    const client = await connect()
    const closed = close()
    const body = MEGABYTE.repeat(4)

    client.send(request('POST /upload', { 'content-length': String(body.length) }), body, request('GET /'))

    t.match(await client.answers(2), [{ status: 401, ...KEEP }, { status: 200, ...CLOSE }])
    t.equal(await client.end(), 'FIN')
    t.match(await closed, { requests: 2, closedByUse: 1 })
  })

  await t.test(`${over}: a request sent after the closing answer is not processed, and causes no reset that destroys the answer`, async (t) => {
    const { close, connect, handled } = await listenSecurely(t, {
      '/large': (_request, response) => { response.end(MEGABYTE) }
    })
    const client = await connect({ allowHalfOpen: true })
    const closed = close()

    client.send(request('GET /large'))
    await client.receives('connection: close')
    client.socket.pause()
    client.send(request('POST /lost', {}, 'x'.repeat(100_000)), request('GET /lost'))
    client.socket.resume()

    t.equal((await client.answer()).body.length, MEGABYTE.length)
    t.equal(await client.end(), 'FIN')
    client.socket.end()
    t.match(await closed, { requests: 1, closedByUse: 1 })
    t.same(handled, ['GET /large'])
  })

  await t.test(`${over}: idle connections are closed with FIN when the deadline is near, and not before`, async (t) => {
    const clock = { now: 1000 }
    const { drain, close, connect, connectIdle } = await listenSecurely(t, {}, {}, () => clock.now)
    const clients = [await connect(), await connectIdle()]
    drain.setLimits({ timeout: MINUTE, idleTimeout: MINUTE })

    const closed = close()
    clock.now += 0.98 * MINUTE
    t.match(drain.progress(), { requests: 0, connections: 2 })
    t.ok(clients.every(({ isQuiet }) => isQuiet))
    clock.now += 0.01 * MINUTE

    for (const client of clients) t.equal(await client.end(), 'FIN')
    t.match(await closed, { closedByUse: 0, closedAtDeadline: 2 })
  })

  await t.test(`${over}: an idle timeout of 0 closes idle connections at once, and a client that has read nothing sees no reset`, async (t) => {
    const { drain, close, connect, connectIdle } = await listenSecurely(t)
    // TLS 1.3 sends session tickets, which this client does not read.
    const clients = [await connect(), await connectIdle()]
    clients[0]?.socket.pause()
    drain.setLimits({ timeout: MINUTE, idleTimeout: 0 })

    const closed = close()
    clients[0]?.socket.resume()

    for (const client of clients) t.equal(await client.end(), 'FIN')
    t.match(await closed, { closedAtDeadline: 2 })
  })

  await t.test(`${over}: a client that does not close its side after our FIN loses its connection`, async (t) => {
    const { drain, close, connectIdle } = await listenSecurely(t)
    const client = await connectIdle({ allowHalfOpen: true })
    drain.setLimits({ timeout: MINUTE, idleTimeout: 0 })

    const closed = close()

    t.equal(await client.end(), 'FIN')
    t.match(await closed, { closedAtDeadline: 1 })
    t.notOk(client.socket.writableEnded)
  })

  await t.test(`${over}: a handshake in progress when the drain begins is finished, and the connection is served`, async (t) => {
    for (const isBegun of [false, true]) {
      const { server, drain, close, port } = await listenSecurely(t)
      const connected = soon(server, 'connection')
      const socket = await connectSocket(t, port)
      const [below] = await connected as [Socket]
      const gate = new Gate(socket, isBegun ? 100 : 0)
      const handshake = connectTls(t, port, { socket: gate })
      if (isBegun) await waitUntil(() => below.bytesRead === 100, () => 'half of the handshake')
      drain.setLimits({ timeout: MINUTE, idleTimeout: isBegun ? 0 : MINUTE })

      const closed = close()
      t.match(drain.progress(), { requests: 0, connections: 1 })
      gate.open()
      const client = await handshake

      t.match(drain.progress(), { requests: 0, connections: 1 })
      t.match(await client.send(request('GET /')).answer(), { ...CLOSE, body: 'GET /' })
      t.match(await closed, { requests: 1, closedByUse: 1, closedByExpiry: 0, closedAtDeadline: 0 })
    }
  })

  await t.test(`${over}: a handshake that never ends is closed near the deadline, with FIN`, async (t) => {
    const { server, drain, close, port } = await listenSecurely(t)
    const ends: Array<Promise<unknown>> = []
    for (const bytes of [0, 100]) {
      const connected = soon(server, 'connection')
      const socket = await connectSocket(t, port)
      ends.push(once(socket.resume(), 'end', { signal: AbortSignal.timeout(DEADLINE) }))
      const [below] = await connected as [Socket]
      connectTls(t, port, { socket: new Gate(socket, bytes) }).catch(() => {})
      await waitUntil(() => below.bytesRead === bytes, () => 'the beginning of the handshake')
    }
    drain.setLimits({ timeout: 400 })

    const report = await close()

    await Promise.all(ends)
    t.match(report, { requests: 0, closedByUse: 0, closedByExpiry: 0, closedAtDeadline: 2 })
  })

  await t.test(`${over}: a handshake that fails affects no other client`, async (t) => {
    const { server, close, connect, port } = await listenSecurely(t)
    const staying = await connect()
    const failing = await connectSocket(t, port)
    const failed = soon(server, 'tlsClientError')

    const closed = close()
    failing.write(request('GET /'))
    await failed

    t.match(await staying.send(request('GET /')).answer(), { ...CLOSE, body: 'GET /' })
    t.match(await closed, { requests: 1, closedByUse: 1, closedByExpiry: 1 })
  })

  await t.test(`${over}: the keep-alive timeout still ends an idle connection during a drain`, async (t) => {
    const { server, close, connectIdle } = await listenSecurely(t)
    server.keepAliveTimeout = 1
    const client = await connectIdle()

    const closed = close()

    t.equal(await client.end(), 'FIN')
    t.match(await closed, { closedByUse: 0, closedByExpiry: 1 })
  })

  await t.test(`${over}: headersTimeout ends a half-sent request during a drain`, async (t) => {
    const { close, connect } = await listenSecurely(t, {}, { headersTimeout: 100, requestTimeout: 200, connectionsCheckingInterval: 20 })
    const client = await connect()
    const closed = close()

    client.send('GET / HTTP/1.1\r\nhost: te')

    t.match(await client.answer(), { status: 408, ...CLOSE })
    t.equal(await client.end(), 'FIN')
    await closed
  })

  await t.test(`${over}: a request without a Host header gets 400 and closes the connection`, async (t) => {
    const { close, connect } = await listenSecurely(t)
    const client = await connect()
    const closed = close()

    t.match(await client.send('GET / HTTP/1.1\r\n\r\n').answer(), { status: 400, ...CLOSE })
    t.equal(await client.end(), 'FIN')
    await closed
  })

  await t.test(`${over}: a connection that was upgraded is left alone until the deadline`, async (t) => {
    const { server, drain, close, connect } = await listenSecurely(t)
    server.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n')
      socket.pipe(socket)
    })
    const client = await connect()
    client.send(request('GET /', { connection: 'upgrade', upgrade: 'echo' }))
    t.match(await client.answer(), { status: 101, headers: { connection: 'upgrade' } })

    drain.setLimits({ timeout: MINUTE, idleTimeout: 0 })
    const closed = close()
    await client.send('still here').receives('still here')

    t.match(drain.progress(), { requests: 0, connections: 1 })
    drain.setLimits({ timeout: 400 })
    t.equal(await client.end(), 'FIN after "still here"')
    t.match(await closed, { closedAtDeadline: 1 })
  })

  await t.test(`${over}: clients with a TLS version that is too old are refused`, async (t) => {
    const { port } = await listen(t, {}, {}, undefined, { ...pair('one'), minVersion: 'TLSv1.3', http2 })

    await t.rejects(connectTls(t, port, { maxVersion: 'TLSv1.2' }), { code: /TLSV1_ALERT_PROTOCOL_VERSION/ })

    t.match(await (await connectTls(t, port)).send(request('GET /')).answer(), { body: 'GET /' })
  })
}

async function connectSocket (t: Test, port: number): Promise<Socket> {
  const socket = connectPlain({ host: '127.0.0.1', port })
  t.teardown(() => { socket.destroy() })
  socket.on('error', () => {})
  await once(socket, 'connect', { signal: AbortSignal.timeout(DEADLINE) })
  return socket
}
