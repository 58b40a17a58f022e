import { once } from 'node:events'
import { createServer, Server as NetServer, type ServerOpts } from 'node:net'
import type { TcpAddress } from '../protocol/assignment.ts'

/**
 * Has a server answer at a second address as well: connections that come there are its own in every respect.
 *
 * From then on closing either closes both, because Node's cluster closes them one by one, and whoever waits for
 * one waits for both.
 *
 * @param server listens already, so that it is set up for connections
 * @returns what listens at that address
 * @throws what listening fails with; the server goes on as it was
 */
export async function listenAlso (server: NetServer, address: TcpAddress): Promise<NetServer> {
  // As the server treats connections of its own; net.Server keeps these options under their names.
  const { allowHalfOpen, noDelay } = server as unknown as Required<Pick<ServerOpts, 'allowHalfOpen' | 'noDelay'>>
  const gate = createServer({ allowHalfOpen, noDelay }, (socket) => { server.emit('connection', socket) })
  await once(gate.listen({ ...address }), 'listening')

  const closeServer = server.close.bind(server)
  const closed = Promise.all([server, gate].map(async (one) => { await new Promise((resolve) => { one.once('close', resolve) }) }))
  server.close = gate.close = function (this: NetServer, callback) {
    if (server.listening) closeServer()
    if (gate.listening) NetServer.prototype.close.call(gate)
    if (callback !== undefined) closed.then(() => { callback() }, callback)
    return this
  }
  return gate
}
