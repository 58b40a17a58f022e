import type { RequestListener, Server, ServerOptions, ServerResponse } from 'node:http'
import { createSecureServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Session } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { TlsMaterial } from '../../protocol/messages.ts'
import type { TrackedSocket } from './connection.ts'
import type { Drain } from './drain.ts'

/** What a server over TLS has that a plain one has not. */
export interface TlsOptions extends TlsMaterial {
  /** Offers HTTP/2 by ALPN, and HTTP/1.1 beside it. */
  readonly http2: boolean
}

type SecureOptions = ServerOptions & Pick<TlsMaterial, 'cert' | 'key' | 'minVersion'>
type Http2Listener = (request: Http2ServerRequest, response: Http2ServerResponse) => void

interface SecureSocket extends TLSSocket {
  /** Node's: the socket below, the one of the `connection` event. */
  readonly _parent: TrackedSocket
}

/** What HTTP/1.1 beside HTTP/2 takes from properties of the server only; from Node 24 on from its options as well. */
const PROPERTIES = [
  'headersTimeout', 'requestTimeout', 'connectionsCheckingInterval', 'keepAliveTimeout', 'keepAliveTimeoutBuffer', 'maxHeaderSize',
  'insecureHTTPParser', 'requireHostHeader'
] as const

/**
 * Makes a server over TLS whose connections `drain` knows from their handshake on: first the socket below, then
 * what the handshake made of it.
 */
export function createSecureServer (
  drain: Drain, options: ServerOptions, listener: RequestListener, { http2, cert, key, minVersion }: TlsOptions
): Server {
  const secure = { ...options, cert, key, minVersion }
  const server = http2
    ? createServerOfBoth(secure, listener)
    : createHttpsServer(secure, listener) as Server

  // Before Node's own listener, which reads what came together with the end of the handshake.
  server.prependListener('secureConnection', (socket: SecureSocket) => {
    drain.drop(socket._parent)
    if (socket.alpnProtocol === 'h2') server.once('session', (session) => { addSession(drain, server, session, socket) })
    else drain.add(socket)
  })
  return server
}

function createServerOfBoth (options: SecureOptions, listener: RequestListener): Server {
  const all = {
    // As servers of HTTP/1.1 alone have it.
    keepAliveTimeout: 5000,
    requireHostHeader: true,
    ...options,
    allowHTTP1: true,
    Http1ServerResponse: options.ServerResponse as typeof ServerResponse
  }
  const server = createHttp2Server(all, listener as unknown as Http2Listener)
  for (const name of PROPERTIES) {
    const value = (all as Readonly<Record<string, unknown>>)[name]
    if (value !== undefined) Object.assign(server, { [name]: value })
  }
  return server as unknown as Server
}

function addSession (drain: Drain, server: Server, session: ServerHttp2Session, socket: TLSSocket): void {
  const connection = drain.addSession(session, socket)
  const watch = (): void => {
    session.setTimeout(server.keepAliveTimeout, () => {
      if (connection.requests === 0) connection.expire()
      else watch()
    })
  }
  // A timeout that the application has set ends the session by itself.
  if (server.timeout === 0) watch()
}
