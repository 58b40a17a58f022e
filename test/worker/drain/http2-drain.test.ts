import { connect, constants } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { RequestListener } from 'node:http'
import t, { type Test } from 'tap'
import { connectTls, request } from '../../helpers/raw-client.ts'
import { connectHttp2, type RawHttp2Client } from '../../helpers/raw-http2-client.ts'
import { pair } from '../../helpers/tls.ts'
import { waitUntil } from '../../helpers/wait-until.ts'
import { listen, signal, soon, type Listening } from '../listening-server.ts'

const MINUTE = 60_000
const MEGABYTE = 'x'.repeat(1024 * 1024)
/** The first GOAWAY: the highest stream, and no error. */
const FIRST = [2 ** 31 - 1, 0] as const

interface Http2Listening extends Listening {
  readonly connectHttp2: (options?: Parameters<typeof connectHttp2>[2]) => Promise<RawHttp2Client>
  /** Connects, and has one stream answered. */
  readonly connectUsed: (options?: Parameters<typeof connectHttp2>[2]) => Promise<RawHttp2Client>
}

async function listenHttp2 (
  t: Test, routes: Readonly<Record<string, RequestListener>> = {}, now?: () => number
): Promise<Http2Listening> {
  const listening = await listen(t, routes, {}, now, { ...pair('one'), http2: true })
  const connectNew = async (options: Parameters<typeof connectHttp2>[2]): Promise<RawHttp2Client> => {
    const session = soon(listening.server, 'session')
    const client = await connectHttp2(t, listening.port, options)
    await session
    return client
  }
  return {
    ...listening,
    connectHttp2: connectNew,
    connectUsed: async (options) => {
      const client = await connectNew(options)
      t.equal(await client.open(1, '/first').answer(1), 'GET /first')
      await waitUntil(() => listening.drain.progress().requests === 0, () => 'the end of the first stream')
      return client
    }
  }
}

await t.test('an idle session gets two GOAWAYs, and then ends with FIN', async (t) => {
  const { close, connectUsed } = await listenHttp2(t)
  const client = await connectUsed()

  const closed = close()

  t.equal(await client.end(), 'FIN')
  t.same(client.goaways, [FIRST, [1, 0]])
  t.match(await closed, { requests: 0, closedByUse: 1, closedByExpiry: 0, closedAtDeadline: 0 })
})

await t.test('streams in flight are answered after both GOAWAYs, and then the session ends', async (t) => {
  const work = signal()
  const { drain, close, connectUsed, arrival } = await listenHttp2(t, {
    '/slow': (_request, response) => { work.on(() => { response.end('slow') }) },
    '/stream': (_request, response) => {
      response.write('one ')
      work.on(() => { response.end('two') })
    }
  })
  const client = await connectUsed()
  const arrived = arrival(2)
  client.open(3, '/slow').open(5, '/stream')
  await arrived
  await client.frame('DATA', 5)

  const closed = close()
  t.match(drain.progress(), { requests: 2, connections: 1 })
  await client.frame('GOAWAY', 0, 2)
  work.give()

  t.equal(await client.answer(3), 'slow')
  t.equal(await client.answer(5), 'one two')
  t.equal(await client.end(), 'FIN')
  t.same(client.goaways.slice(0, 2), [FIRST, [5, 0]])
  t.match(await closed, { requests: 2, closedByUse: 1 })
  t.equal(drain.served, 3)
})

await t.test('an answer that is larger than any buffer is complete, however slowly its client reads', async (t) => {
  const { close, port, arrival } = await listenHttp2(t, { '/large': (_request, response) => { response.end(MEGABYTE.repeat(6)) } })
  const session = connect(`https://localhost:${port}`, { ca: pair('one').cert })
  t.teardown(() => { session.destroy() })
  const arrived = arrival()
  const stream = session.request({ ':path': '/large' })
  await arrived

  const closed = close()
  let length = 0
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length
    stream.pause()
    setImmediate(() => { stream.resume() })
  })
  await soon(stream, 'close')

  t.equal(length, 6 * MEGABYTE.length)
  t.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR)
  t.match(await closed, { requests: 1, closedByUse: 1 })
})

await t.test('an upload that began before the drain is read to its end', async (t) => {
  const { close, connectUsed, arrival } = await listenHttp2(t, {
    '/upload': (received, response) => { received.pipe(response) }
  })
  const client = await connectUsed()
  const arrived = arrival()
  client.open(3, '/upload', 'POST')
  await arrived

  const closed = close()
  await client.frame('GOAWAY', 0, 2)
  client.body(3, 'all of it')

  t.equal(await client.answer(3), 'all of it')
  t.equal(await client.end(), 'FIN')
  t.match(await closed, { requests: 1 })
})

await t.test('a stream that comes after the first GOAWAY is not processed, and the second one tells the client', async (t) => {
  const work = signal()
  const { drain, close, connectUsed, arrival, handled } = await listenHttp2(t, { '/slow': (_request, response) => { work.on(() => { response.end('slow') }) } })
  const client = await connectUsed()
  const arrived = arrival()
  client.open(3, '/slow')
  await arrived

  const closed = close()
  await client.frame('GOAWAY')
  client.open(5, '/between')
  await client.frame('GOAWAY', 0, 2)
  client.open(7, '/after')
  t.match(drain.progress(), { requests: 1, connections: 1 })
  work.give()

  t.equal(await client.answer(3), 'slow')
  t.equal(await client.end(), 'FIN')
  t.same(client.goaways.slice(0, 2), [FIRST, [3, 0]], 'streams above 3 may be repeated')
  t.match(await closed, { requests: 1 })
  t.same(handled, ['GET /first', 'GET /slow'])
})

await t.test('for a stream that it may repeat node:http2 gets REFUSED_STREAM and no other error', async (t) => {
  const work = signal()
  const { close, port, arrival, handled } = await listenHttp2(t, { '/slow': (_request, response) => { work.on(() => { response.end('slow') }) } })
  const session = connect(`https://localhost:${port}`, { ca: pair('one').cert })
  t.teardown(() => { session.destroy() })
  const lastStreams: number[] = []
  session.on('goaway', (_code, lastStream) => { lastStreams.push(lastStream) })
  const arrived = arrival()
  const served = session.request({ ':path': '/slow' })
  await arrived

  const closed = close()
  // On the wire before the client has received GOAWAY.
  const refused = session.request({ ':path': '/refused' })
  const [error] = await soon(refused, 'error')
  work.give()
  served.resume()
  await soon(served, 'close')
  await closed

  t.match(error, { message: /NGHTTP2_REFUSED_STREAM/ })
  t.equal(refused.rstCode, constants.NGHTTP2_REFUSED_STREAM)
  t.equal(served.rstCode, constants.NGHTTP2_NO_ERROR)
  t.same(lastStreams, [2 ** 31 - 1, 1])
  t.same(handled, ['GET /slow'])
})

await t.test('a session that comes during the drain is served, and gets GOAWAY with its first stream', async (t) => {
  const { server, drain, close, connectUsed, port } = await listenHttp2(t, { '/slow': (_request, response) => { setImmediate(() => { response.end('slow') }) } })
  const staying = await connectTls(t, port)
  const used = await connectUsed()
  // It connects before the drain begins, and its handshake ends afterwards.
  const connected = soon(server, 'connection')
  const late = connectHttp2(t, port)
  await connected

  const closed = close()
  const client = await late
  await used.end()

  t.same(client.goaways, [])
  t.equal(await client.open(1, '/slow').answer(1), 'slow')
  t.equal(await client.end(), 'FIN')
  t.same(client.goaways.slice(0, 2), [FIRST, [1, 0]])
  await waitUntil(() => drain.progress().connections === 1, () => 'the end of the other connections')
  t.match(await staying.send(request('GET /')).answer(), { headers: { connection: 'close' } })
  t.match(await closed, { requests: 2, closedByUse: 3 })
})

await t.test('a session that comes during the drain and is not used is closed near the deadline', async (t) => {
  const clock = { now: 1000 }
  const { server, drain, close, port } = await listenHttp2(t, {}, () => clock.now)
  const connected = soon(server, 'connection')
  const late = connectHttp2(t, port)
  await connected
  drain.setLimits({ timeout: MINUTE, idleTimeout: MINUTE })
  const closed = close()
  const client = await late

  clock.now += 0.98 * MINUTE
  t.match(drain.progress(), { requests: 0, connections: 1 })
  t.ok(client.isOpen)
  clock.now += 0.01 * MINUTE

  t.equal(await client.end(), 'FIN')
  t.same(client.goaways, [[0, 0]])
  t.match(await closed, { closedByUse: 0, closedAtDeadline: 1 })
})

await t.test('the idle timeout of a stop does not end a stream in flight', async (t) => {
  const work = signal()
  const { drain, close, connectUsed, arrival } = await listenHttp2(t, { '/slow': (_request, response) => { work.on(() => { response.end('slow') }) } })
  const client = await connectUsed()
  const arrived = arrival()
  client.open(3, '/slow')
  await arrived
  drain.setLimits({ timeout: 200, idleTimeout: 0 })

  const closed = close()
  await client.frame('GOAWAY', 0, 2)
  drain.setLimits({ timeout: 0, idleTimeout: 0 })
  work.give()

  t.equal(await client.answer(3), 'slow')
  t.match(await closed, { requests: 1, closedByUse: 1, closedAtDeadline: 0 })
})

await t.test('a client that does not close its side after our FIN loses its connection', async (t) => {
  const { drain, close, connectUsed } = await listenHttp2(t)
  const client = await connectUsed({ allowHalfOpen: true })
  drain.setLimits({ timeout: 1000 })

  const closed = close()

  t.equal(await client.end(), 'FIN')
  t.match(await closed, { closedByUse: 1 })
  t.notOk(client.socket.writableEnded)
})

await t.test('a client that has stopped reading does not hold up the drain', async (t) => {
  const { server, drain, close, port } = await listenHttp2(t)
  const connected = soon(server, 'connection')
  const late = connectHttp2(t, port, { allowHalfOpen: true })
  await connected
  drain.setLimits({ timeout: MINUTE, idleTimeout: MINUTE })
  const closed = close()
  const client = await late
  client.socket.pause()

  drain.setLimits({ timeout: MINUTE, idleTimeout: 0 })

  t.match(await closed, { closedAtDeadline: 1 })
})

await t.test('a client that disappears without FIN when the drain begins does not hold it up', async (t) => {
  const { close, port, server } = await listenHttp2(t)
  const opened = soon(server, 'session')
  const session = connect(`https://localhost:${port}`, { ca: pair('one').cert })
  await opened

  session.destroy()
  const closed = close()

  t.match(await closed, { requests: 0, closedAtDeadline: 0 })
})

await t.test('a session gets GOAWAY after the keep-alive timeout, unless it has streams', async (t) => {
  const work = signal()
  const { server, connectUsed, connectHttp2: connectNew, arrival } = await listenHttp2(t, { '/slow': (_request, response) => { work.on(() => { response.end('slow') }) } })
  server.keepAliveTimeout = 1000
  const idle = await connectUsed()
  const busy = await connectNew()
  const arrived = arrival()
  busy.open(1, '/slow')
  await arrived

  t.equal(await idle.end(), 'FIN')
  t.same(idle.goaways, [FIRST, [1, 0]])
  t.same(busy.goaways, [])
  work.give()
  t.equal(await busy.answer(1), 'slow')
  t.equal(await busy.end(), 'FIN', 'then it is idle as well')
  t.same(busy.goaways.slice(0, 2), [FIRST, [1, 0]])
})

await t.test('the connection timeout of the application replaces the keep-alive timeout', async (t) => {
  const { server, connectUsed } = await listenHttp2(t)
  server.keepAliveTimeout = 50
  server.setTimeout(300)
  const client = await connectUsed()

  await client.end()

  t.notMatch(client.goaways, [FIRST])
})

await t.test('a session that its client has ended gets no further GOAWAY', async (t) => {
  const work = signal()
  const { close, port, arrival, server } = await listenHttp2(t, { '/slow': (_request, response) => { work.on(() => { response.end('slow') }) } })
  const session = connect(`https://localhost:${port}`, { ca: pair('one').cert })
  t.teardown(() => { session.destroy() })
  const opened = soon(server, 'session')
  const arrived = arrival()
  const stream = session.request({ ':path': '/slow' })
  await arrived
  const [own] = await opened as [NodeJS.EventEmitter]
  const left = soon(own, 'goaway')
  const goaways: number[] = []
  session.on('goaway', (_code, lastStream) => { goaways.push(lastStream) })
  session.close()
  await left

  const closed = close()
  work.give()
  stream.resume()

  t.match(await closed, { requests: 1, closedByUse: 1 })
  t.notMatch(goaways, [2 ** 31 - 1])
})

await t.test('HTTP/1.1 and HTTP/2 share the port, and end together', async (t) => {
  const { server, drain, close, connectUsed, connectIdle } = await listenHttp2(t)
  const [old, current] = [await connectIdle(), await connectUsed()]
  t.match(drain.progress(), { requests: 0, connections: 2 })
  t.equal((server.address() as AddressInfo).family, 'IPv4')

  const closed = close()

  t.equal(await current.end(), 'FIN')
  t.match(await old.send(request('GET /')).answer(), { headers: { connection: 'close' }, body: 'GET /' })
  t.match(await closed, { requests: 1, closedByUse: 2 })
})

await t.test('answers over HTTP/2 have no Connection header', async (t) => {
  const { close, port, arrival } = await listenHttp2(t, { '/': (_request, response) => { response.writeHead(200, { 'x-own': 'yes' }).end('fine') } })
  const session = connect(`https://localhost:${port}`, { ca: pair('one').cert })
  t.teardown(() => { session.destroy() })
  const arrived = arrival()
  const stream = session.request({ ':path': '/' })
  await arrived
  const closed = close()

  const [headers] = await soon(stream, 'response')
  stream.resume()

  t.match(headers, { ':status': 200, 'x-own': 'yes' })
  t.same(Object.keys(headers as object).filter((name) => ['connection', 'keep-alive'].includes(name)), [])
  await closed
})
