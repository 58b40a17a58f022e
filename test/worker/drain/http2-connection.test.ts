import { EventEmitter } from 'node:events'
import type { ServerHttp2Session } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import t from 'tap'
import { Http2Connection } from '../../../src/worker/drain/http2-connection.ts'
import { waitUntil } from '../../helpers/wait-until.ts'

await t.test('a session is idle from the first check that finds it without a stream, until the next stream', async (t) => {
  const session = new EventEmitter()
  const stream = new EventEmitter()
  let streams = 0
  const connection = new Http2Connection(session as ServerHttp2Session, new EventEmitter() as TLSSocket, { onStream: () => { streams++ }, linger: () => 0 })

  t.equal(connection.idleFor(1000), 0)
  t.equal(connection.idleFor(1050), 50)

  session.emit('stream', stream)
  t.equal(streams, 1)
  t.equal(connection.requests, 1)
  t.equal(connection.idleFor(1100), -Infinity)

  stream.emit('close')
  t.equal(connection.idleFor(1200), 0)
})

await t.test('a session announces its close once', async (t) => {
  let [announced, closed] = [0, 0]
  const session = Object.assign(new EventEmitter(), { goaway: () => { announced++ }, close: () => { closed++ } })
  const socket = new EventEmitter()
  const connection = new Http2Connection(session as unknown as ServerHttp2Session, socket as TLSSocket, { onStream: () => {}, linger: () => 0 })

  connection.announceClose()
  connection.announceClose()
  await waitUntil(() => closed > 0, () => 'the second GOAWAY')

  t.equal(announced, 1)
  t.equal(closed, 1)
  t.equal(connection.closeReason, 'announced')
  socket.emit('close')
})
