import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'

import t, { type Test } from 'tap'

import { Connection } from '../../../src/clients/raw/connection.ts'
import { KeepAliveClient } from '../../../src/clients/raw/keep-alive-client.ts'
import { requestHead } from '../../../src/clients/raw/raw-request.ts'
import { createTarget, type Target } from '../../../src/clients/target.ts'
import { findFreePort } from '../../../src/service/free-port.ts'
import { waitUntil } from '../../helpers/wait-until.ts'

const DEADLINE = 5000
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const LAST_ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'

/** What a server does once it has received something, and how the request ends. */
const ENDINGS: ReadonlyArray<readonly [title: string, serve: (socket: Socket) => void, ending: object]> = [
  ['answers', (socket) => { socket.write(ANSWER) }, { status: 200 }],
  ['answers and closes without announcing it', (socket) => { socket.end(ANSWER) }, { status: 200 }],
  ['answers and closes as announced', (socket) => { socket.end(LAST_ANSWER) }, { status: 200, closes: true }],
  ['answers up to the end of the connection', (socket) => { socket.end('HTTP/1.1 200 OK\r\n\r\nok') }, { status: 200, closes: true }],
  ['closes', (socket) => { socket.end() }, { reason: 'closed without an answer', bytes: 0 }],
  ['resets', (socket) => { socket.resetAndDestroy() }, { reason: 'ECONNRESET', bytes: 0 }],
  ['cuts its answer', (socket) => { socket.end(ANSWER.slice(0, -1)) }, { reason: 'cut answer', bytes: ANSWER.length - 1 }],
  ['cuts the head of its answer', (socket) => { socket.end('HTTP/1.1 200 OK\r\n') }, { reason: 'cut answer', bytes: 17 }],
  ['does not speak HTTP', (socket) => { socket.end('hello\r\n\r\n') }, { reason: /^malformed answer/ }]
]

for (const [title, serve, ending] of ENDINGS) {
  await t.test(`a request to a server that ${title}`, async (t) => {
    const target = await startServer(t, (socket) => { socket.once('data', () => { serve(socket) }) })
    const connection = await open(t, target)

    connection.request(requestHead(target, 'GET', '/'))

    t.match(await outcomeOf(connection), ending)
  })
}

await t.test('a request that takes too long fails with what has arrived of its answer', async (t) => {
  const target = await startServer(t, (socket) => { socket.once('data', () => { socket.write('HTTP') }) })
  const connection = await open(t, target)

  connection.request(requestHead(target, 'GET', '/'))

  t.match(await outcomeOf(connection, 300), { reason: 'timeout', bytes: 4 })
  t.equal(connection.isReusable, false)
})

await t.test('a connection to a port without a listener is a failure', async (t) => {
  const target = createTarget('127.0.0.1', await findFreePort())

  await t.rejects(Connection.open(target, DEADLINE), { name: 'RequestFailure', message: /^ECONNREFUSED/ })
})

await t.test('nothing is read after an answer that closes', async (t) => {
  const target = await startServer(t, (socket) => { socket.once('data', () => { socket.write(LAST_ANSWER + ANSWER) }) })
  const connection = await open(t, target)

  connection.request(requestHead(target, 'GET', '/').repeat(2), 2)

  t.match(await outcomeOf(connection), { status: 200 })
  t.match(await outcomeOf(connection), { reason: 'closed by an earlier answer' })
})

await t.test('a surplus answer is a failure, although the request has its answer', async (t) => {
  for (const surplus of [ANSWER, 'H']) {
    const target = await startServer(t, (socket) => { socket.once('data', () => { socket.write(ANSWER + surplus) }) })
    const connection = await open(t, target)

    connection.request(requestHead(target, 'GET', '/'))

    t.match(await outcomeOf(connection), { status: 200 })
    t.throws(() => { connection.assertSound() }, { message: /^unexpected bytes/ })
    t.equal(connection.isReusable, false)
  }
})

await t.test('an answer before any request is a failure', async (t) => {
  const target = await startServer(t, (socket) => { socket.write('HTTP/1.1 408 Request Timeout\r\n\r\n') })
  const connection = await open(t, target)

  await waitUntil(() => !connection.isReusable)

  t.throws(() => { connection.assertSound() }, { message: /^unexpected bytes/ })
})

await t.test('a keep-alive client uses a connection until the server closes it, and reports a reset once', async (t) => {
  const sockets: Socket[] = []
  const target = await startServer(t, (socket) => {
    sockets.push(socket)
    socket.on('data', () => { socket.write(ANSWER) })
  })
  const client = new KeepAliveClient(target, DEADLINE)
  t.teardown(() => { client.close() })

  const first = await client.connection()
  first.request(requestHead(target, 'GET', '/'))
  await first.next(DEADLINE)
  t.equal(await client.connection(), first)

  sockets[0]?.end()
  await waitUntil(() => !first.isReusable)
  const second = await client.connection()
  second.request(requestHead(target, 'GET', '/'))
  await second.next(DEADLINE)
  t.not(second, first)

  sockets[1]?.resetAndDestroy()
  await waitUntil(() => !second.isReusable)
  await t.rejects(client.connection(), { message: /^ECONNRESET/ })
  await client.connection()
  t.equal(sockets.length, 3)
})

async function startServer (t: Test, onConnection: (socket: Socket) => void): Promise<Target> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onConnection(socket)
  }).listen(0, '127.0.0.1')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await once(server, 'listening')
  return createTarget('127.0.0.1', (server.address() as AddressInfo).port)
}

async function open (t: Test, target: Target): Promise<Connection> {
  const connection = await Connection.open(target, DEADLINE)
  t.teardown(() => { connection.close() })
  return connection
}

async function outcomeOf (connection: Connection, timeout = DEADLINE): Promise<unknown> {
  return await connection.next(timeout).catch((failure: unknown) => failure)
}
