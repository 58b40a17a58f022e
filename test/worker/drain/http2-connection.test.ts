import { EventEmitter } from 'node:events'
import type { ServerHttp2Session } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import t from 'tap'
import { Http2Connection } from '../../../src/worker/drain/http2-connection.ts'
import { waitUntil } from '../../helpers/wait-until.ts'

await t.test('a session is idle from the first look that finds it without a stream, until the next stream', async (t) => {
  const session = new EventEmitter()
  const stream = new EventEmitter()
  let streams = 0
  const connection = new Http2Connection(session as ServerHttp2Session, new EventEmitter() as TLSSocket, { stream: () => { streams++ }, linger: () => 0 })

  t.equal(connection.idleFor(1000), 0)
  t.equal(connection.idleFor(1050), 50)

  session.emit('stream', stream)
  t.equal(streams, 1)
  t.equal(connection.requests, 1)
  t.equal(connection.idleFor(1100), -Infinity)

  stream.emit('close')
  t.equal(connection.idleFor(1200), 0)
})

await t.test('a session is told once that it ends', async (t) => {
  let [told, ended] = [0, 0]
  const session = Object.assign(new EventEmitter(), { goaway: () => { told++ }, close: () => { ended++ } })
  const socket = new EventEmitter()
  const connection = new Http2Connection(session as unknown as ServerHttp2Session, socket as TLSSocket, { stream: () => {}, linger: () => 0 })

  connection.leave()
  connection.leave()
  await waitUntil(() => ended > 0, () => 'the second GOAWAY')

  t.equal(told, 1)
  t.equal(ended, 1)
  t.equal(connection.ending, 'by use')
  socket.emit('close')
})
