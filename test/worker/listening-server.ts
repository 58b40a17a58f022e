import { EventEmitter, on, once } from 'node:events'
import type { IncomingMessage, RequestListener, Server, ServerOptions, ServerResponse } from 'node:http'
import type { AddressInfo, NetConnectOpts, Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { Test } from 'tap'
import { Drain } from '../../src/worker/drain/drain.ts'
import { createDrainableServer } from '../../src/worker/drain/drainable-server.ts'
import type { TlsOptions } from '../../src/worker/drain/secure-server.ts'
import { connectRaw, connectTls, request, type RawClient } from '../helpers/raw-client.ts'
import { DEADLINE, waitUntil } from '../helpers/wait-until.ts'

export interface Listening {
  readonly server: Server
  readonly drain: Drain
  readonly port: number
  /** The server's ends of the connections, in the order in which they came. */
  readonly sockets: Socket[]
  /** Methods and URLs for which a handler was called. */
  readonly handled: string[]
  /** Connects, and waits until the server has the connection. */
  readonly connect: (options?: Partial<NetConnectOpts>) => Promise<RawClient>
  /** Connects and has one request answered: an idle keep-alive connection. */
  readonly connectIdle: (options?: Partial<NetConnectOpts>) => Promise<RawClient>
  /** Calls `close()`, and resolves with the drain's report once the server has closed. */
  readonly close: () => Promise<ReturnType<Drain['report']>>
  /** Resolves when the next requests have arrived, with the last of them, even if its handler still waits for its turn. */
  readonly arrival: (count?: number) => Promise<[IncomingMessage, ServerResponse]>
}

/** Answers with method and URL where there is no handler. Over TLS, clients connect securely, and `sockets` are the TLS sockets. */
export async function listen (
  t: Test, routes: Readonly<Record<string, RequestListener>> = {}, options: ServerOptions = {}, now?: () => number, tls?: TlsOptions
): Promise<Listening> {
  const handled: string[] = []
  const drain = new Drain(() => {}, now)
  const server = createDrainableServer(drain, options, (received, response) => {
    handled.push(`${received.method} ${received.url}`)
    const route = routes[String(received.url)]
    if (route === undefined) response.end(`${received.method} ${received.url}`)
    else route(received, response)
  }, tls)
  const sockets: Socket[] = []
  const all = new Set<Socket>()
  const connection = tls === undefined ? 'connection' : 'secureConnection'
  server.on(connection, (socket) => { sockets.push(socket) })
  server.on('connection', (socket) => { all.add(socket) })
  t.teardown(() => {
    server.close()
    for (const socket of all) socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const { port } = server.address() as AddressInfo
  const connect: Listening['connect'] = async (connectOptions) => {
    const connected = soon(server, connection)
    const client = tls === undefined ? await connectRaw(t, port, connectOptions) : await connectTls(t, port, connectOptions as ConnectionOptions)
    await connected
    return client
  }
  return {
    server,
    drain,
    port,
    sockets,
    handled,
    connect,
    connectIdle: async (connectOptions) => {
      const client = await connect(connectOptions)
      await client.send(request('GET /first')).answer()
      // Over TLS the client has the answer before Node knows that it was sent.
      if (tls !== undefined) await waitUntil(() => drain.progress().requests === 0, () => 'the end of the first answer')
      return client
    },
    close: async () => {
      await new Promise((resolve) => { server.close(resolve) })
      return drain.report()
    },
    arrival: async (count = 1) => {
      const arrived = on(server, 'request', { signal: AbortSignal.timeout(DEADLINE) })
      for (let left = count; left > 1; left--) await arrived.next()
      return (await arrived.next()).value
    }
  }
}

/** The next event of that name, with a deadline. */
export async function soon (emitter: NodeJS.EventEmitter, name: string): Promise<unknown[]> {
  return await once(emitter, name, { signal: AbortSignal.timeout(DEADLINE) })
}

/** A signal that handlers wait for and a test gives, once. */
export function signal (): { readonly on: (listener: () => void) => void, readonly give: () => void } {
  const emitter = new EventEmitter()
  return {
    on: (listener) => { emitter.once('given', listener) },
    give: () => { emitter.emit('given') }
  }
}
