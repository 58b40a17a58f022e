import t, { type Test } from 'tap'
import { Drain } from '../../../src/worker/drain/drain.ts'
import { request, type RawClient } from '../../helpers/raw-client.ts'
import { waitUntil } from '../../helpers/wait-until.ts'
import { listen, signal, type Listening } from '../listening-server.ts'

const MINUTE = 60_000

/** A listening server whose drain uses a clock that the test moves. Setting the limits again triggers a check. */
async function listenByClock (t: Test, routes: Parameters<typeof listen>[1] = {}): Promise<Listening & { readonly clock: { now: number } }> {
  const clock = { now: 1000 }
  return { ...await listen(t, routes, {}, () => clock.now), clock }
}

/** Sends text, and waits until the server has read it. */
async function sendRead ({ sockets }: Listening, client: RawClient, text: string): Promise<void> {
  const socket = sockets.find(({ remotePort }) => remotePort === client.socket.localPort)
  const wanted = Number(socket?.bytesRead) + text.length
  client.send(text)
  await waitUntil(() => socket?.bytesRead === wanted, () => `the server to read ${JSON.stringify(text)}`)
}

await t.test('a drain begins once, however often begin() is called', async (t) => {
  let begun = 0
  const drain = new Drain(() => { begun++ })

  t.equal(drain.isDone, false)
  drain.begin()
  drain.begin()

  t.equal(begun, 1)
  t.equal(drain.isDone, true)
  t.match(drain.report(), { requests: 0, closedByUse: 0, closedByExpiry: 0, closedAtDeadline: 0 })
})

await t.test('requests are counted from the start, once each, before and during a drain', async (t) => {
  const slow = signal()
  const { drain, close, connect, arrival } = await listen(t, { '/slow': (_request, response) => { slow.on(() => { response.end() }) } })
  const [one, other] = [await connect(), await connect()]

  t.equal(drain.served, 0)
  await one.send(request('GET /1')).answer()
  await one.send(request('GET /2')).answer()
  t.equal(drain.served, 2)
  const arrived = arrival()
  other.send(request('GET /slow'))
  await arrived
  t.equal(drain.served, 3, 'before its answer')
  const closed = close()
  await one.send(request('GET /3')).answer()
  slow.give()
  await other.answer()

  t.match(await closed, { requests: 2 })
  t.equal(drain.served, 4)
})

await t.test('idle connections are closed with FIN when the deadline is near, and not before', async (t) => {
  const listening = await listenByClock(t)
  const { drain, clock, close, connect, connectIdle } = listening
  const clients = [await connect(), await connectIdle(), await connectIdle()]
  await sendRead(listening, clients[2] as RawClient, 'GET / HT')

  // The second limit makes checks frequent; no connection is idle for that long.
  drain.setLimits({ timeout: MINUTE, idleTimeout: MINUTE })
  const closed = close()
  clock.now += 0.98 * MINUTE
  t.match(drain.progress(), { requests: 0, connections: 3 })
  t.ok(clients.every(({ isQuiet }) => isQuiet))
  clock.now += 0.01 * MINUTE

  for (const client of clients) t.equal(await client.end(), 'FIN')
  t.match(await closed, { requests: 0, closedByUse: 0, closedByExpiry: 0, closedAtDeadline: 3, durationMs: 0.99 * MINUTE })
})

await t.test('without an idle timeout the deadline closes idle connections as well', async (t) => {
  const { drain, close, connectIdle } = await listen(t)
  const client = await connectIdle()
  drain.setLimits({ timeout: 200 })

  const closed = close()

  t.equal(await client.end(), 'FIN')
  t.match(await closed, { closedAtDeadline: 1 })
})

await t.test('without limits only clients and timeouts close idle connections', async (t) => {
  const { drain, close, connectIdle } = await listen(t)
  const client = await connectIdle()

  const closed = close()
  t.equal(drain.isDone, false)
  client.socket.end()

  t.match(await closed, { requests: 0, closedByExpiry: 1, closedAtDeadline: 0 })
  t.equal(drain.isDone, true)
})

await t.test('a request in flight outlives the deadline, and its answer closes the connection', async (t) => {
  const work = signal()
  const { drain, clock, close, connect, arrival } = await listenByClock(t, {
    '/slow': (_request, response) => { work.on(() => { response.end('slow') }) }
  })
  const client = await connect()
  const arrived = arrival()
  client.send(request('GET /slow'))
  await arrived
  drain.setLimits({ timeout: MINUTE, idleTimeout: 0 })

  const closed = close()
  drain.setLimits({ timeout: 0, idleTimeout: 0 })
  clock.now += MINUTE
  drain.setLimits({ timeout: 0, idleTimeout: 0 })
  t.match(drain.progress(), { requests: 1, connections: 1 })
  t.match(drain.report(), { requests: 0 })
  work.give()

  t.match(await client.answer(), { headers: { connection: 'close' }, body: 'slow' })
  t.match(await closed, { requests: 1, closedByUse: 1, closedAtDeadline: 0, durationMs: MINUTE })
})

await t.test('the idle timeout of a stop closes a connection that has been idle for that long', async (t) => {
  const limits = { timeout: MINUTE, idleTimeout: 1000 }
  const { drain, clock, close, connect, connectIdle } = await listenByClock(t)
  const clients = [await connect(), await connectIdle()]
  drain.setLimits(limits)

  const closed = close()
  clock.now += 999
  drain.setLimits(limits)
  t.match(drain.progress(), { connections: 2 })
  t.ok(clients.every(({ isQuiet }) => isQuiet))
  clock.now += 1
  drain.setLimits(limits)

  for (const client of clients) t.equal(await client.end(), 'FIN')
  t.match(await closed, { closedAtDeadline: 2, durationMs: 1000 })
})

await t.test('a request between two checks restarts the idle time', async (t) => {
  const limits = { timeout: MINUTE, idleTimeout: 1000 }
  const listening = await listenByClock(t, {
    '/upload': (_request, response) => { response.end('early') }
  })
  const { drain, clock, close, connect } = listening
  const client = await connect()
  drain.setLimits(limits)
  const closed = close()

  clock.now += 900
  client.send(request('POST /upload', { 'content-length': '1000' }))
  t.match(await client.answer(), { headers: { connection: 'keep-alive' }, body: 'early' })
  await sendRead(listening, client, 'x'.repeat(1000))
  clock.now += 900
  drain.setLimits(limits)

  t.match(await client.send(request('GET /')).answer(), { headers: { connection: 'close' } })
  t.match(await closed, { closedByUse: 1 })
})

await t.test('an idle timeout of 0 closes idle connections at once', async (t) => {
  const { drain, close, connect, connectIdle } = await listen(t)
  const clients = [await connect(), await connectIdle()]
  drain.setLimits({ timeout: MINUTE, idleTimeout: 0 })

  const closed = close()

  for (const client of clients) t.equal(await client.end(), 'FIN')
  t.match(await closed, { closedAtDeadline: 2 })
})

await t.test('a connection is idle once its upload has been read, in however many packets', async (t) => {
  const listening = await listenByClock(t)
  const { drain, clock, close, connect } = listening
  const client = await connect()
  await client.send(request('POST /', { 'content-length': '4' })).answer()
  await sendRead(listening, client, 'body')
  drain.setLimits({ timeout: MINUTE, idleTimeout: 0 })

  const closed = close()
  clock.now += 50
  drain.setLimits({ timeout: MINUTE, idleTimeout: 0 })

  t.equal(await client.end(), 'FIN')
  t.match(await closed, { closedAtDeadline: 1 })
})

await t.test('the idle timeout spares a connection that is receiving a request', async (t) => {
  const limits = { timeout: MINUTE, idleTimeout: 0 }
  const listening = await listenByClock(t)
  const { drain, clock, close, connect, connectIdle } = listening
  const clients = [await connect(), await connectIdle()]
  for (const client of clients) await sendRead(listening, client, 'GET / HTTP/1.1\r\nhost: te')
  drain.setLimits(limits)

  const closed = close()
  clock.now += 1000
  drain.setLimits(limits)
  t.match(drain.progress(), { requests: 0, connections: 2 })

  for (const client of clients) {
    t.match(await client.send('st\r\n\r\n').answer(), { headers: { connection: 'close' }, body: 'GET /' })
  }
  t.match(await closed, { requests: 2, closedByUse: 2 })
})

await t.test('the idle timeout spares a connection that is receiving the next request after an upload', async (t) => {
  const limits = { timeout: MINUTE, idleTimeout: 1000 }
  const listening = await listenByClock(t)
  const { drain, clock, close, connect } = listening
  const client = await connect()
  await client.send(request('POST /', {}, 'body')).answer()
  drain.setLimits(limits)

  const closed = close()
  await sendRead(listening, client, 'GET / HTTP/1.1\r\nhost: te')
  clock.now += 2000
  drain.setLimits(limits)

  t.match(await client.send('st\r\n\r\n').answer(), { headers: { connection: 'close' }, body: 'GET /' })
  await closed
})

await t.test('the idle timeout spares a connection that is still receiving a body after an early answer', async (t) => {
  const limits = { timeout: MINUTE, idleTimeout: 0 }
  const { drain, close, connect } = await listen(t)
  const client = await connect()
  await client.send(request('POST /', { 'content-length': '100000' })).answer()
  drain.setLimits(limits)

  const closed = close()
  drain.setLimits(limits)
  client.send('x'.repeat(100_000), request('GET /'))

  t.match(await client.answer(), { headers: { connection: 'close' } })
  await closed
})

await t.test('limits may be tightened during the drain', async (t) => {
  const { drain, close, connectIdle } = await listen(t)
  const clients = [await connectIdle(), await connectIdle()]
  drain.setLimits({ timeout: MINUTE })

  const closed = close()
  t.match(drain.progress(), { connections: 2 })
  drain.setLimits({ timeout: MINUTE, idleTimeout: 0 })

  for (const client of clients) t.equal(await client.end(), 'FIN')
  t.match(await closed, { closedAtDeadline: 2 })
})

await t.test('a request that arrives after our FIN is neither processed nor counted', async (t) => {
  const { drain, close, connectIdle, arrival, handled } = await listen(t)
  const client = await connectIdle({ allowHalfOpen: true })
  drain.setLimits({ timeout: MINUTE, idleTimeout: 0 })

  const closed = close()
  t.equal(await client.end(), 'FIN')
  const arrived = arrival()
  client.send(request('POST /too-late', {}, 'body'))
  await arrived
  t.match(drain.progress(), { requests: 0, connections: 1 })
  client.socket.end()

  t.match(await closed, { requests: 0, closedByUse: 0, closedAtDeadline: 1 })
  t.same(handled, ['GET /first'])
})

await t.test('a client that does not close its side after our FIN loses its connection', async (t) => {
  const { drain, close, connectIdle } = await listen(t)
  const client = await connectIdle({ allowHalfOpen: true })
  drain.setLimits({ timeout: MINUTE, idleTimeout: 0 })

  const closed = close()

  t.equal(await client.end(), 'FIN')
  t.match(await closed, { closedAtDeadline: 1 })
  t.notOk(client.socket.writableEnded)
})

await t.test('connections that ended before the drain are not counted', async (t) => {
  const { drain, sockets, close, connectIdle } = await listen(t)
  await connectIdle()
  sockets[0]?.destroy()

  t.match(drain.progress(), { connections: 0 })
  t.match(await close(), { requests: 0, closedByUse: 0, closedByExpiry: 0, closedAtDeadline: 0 })
})
