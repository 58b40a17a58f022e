import { once } from 'node:events'
import { createServer, Server as NetServer, type ServerOpts } from 'node:net'
import type { TcpAddress } from '../protocol/assignment.ts'

/**
 * Makes a server listen on a second address: it handles connections to it like those to its first address.
 *
 * From then on, closing one of the two closes both, and waits for both, because Node's cluster closes them one by one.
 *
 * @param server already listens, so that it is set up for connections
 * @returns the server that listens on the second address
 * @throws the error of `listen()`; the first server is not affected
 */
export async function listenOnSlotPort (server: NetServer, address: TcpAddress): Promise<NetServer> {
  // The same options as for connections of the first server; net.Server has them as properties.
  const { allowHalfOpen, noDelay } = server as unknown as Required<Pick<ServerOpts, 'allowHalfOpen' | 'noDelay'>>
  const slotServer = createServer({ allowHalfOpen, noDelay }, (socket) => { server.emit('connection', socket) })
  await once(slotServer.listen({ ...address }), 'listening')

  const closeServer = server.close.bind(server)
  const closed = Promise.all([server, slotServer].map(async (one) => {
    await new Promise((resolve) => { one.once('close', resolve) })
  }))
  server.close = slotServer.close = function (this: NetServer, callback) {
    if (server.listening) closeServer()
    if (slotServer.listening) NetServer.prototype.close.call(slotServer)
    if (callback !== undefined) closed.then(() => { callback() }, callback)
    return this
  }
  return slotServer
}
