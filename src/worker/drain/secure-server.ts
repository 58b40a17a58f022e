import type { RequestListener, Server, ServerOptions, ServerResponse } from 'node:http'
import {
  createSecureServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Session
} from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { TlsMaterial } from '../../protocol/messages.ts'
import type { TrackedSocket } from './connection.ts'
import type { Drain } from './drain.ts'

/** The options that a server over TLS has in addition. */
export interface TlsOptions extends TlsMaterial {
  /** Offers HTTP/2 by ALPN, in addition to HTTP/1.1. */
  readonly http2: boolean
}

type SecureOptions = ServerOptions & Pick<TlsMaterial, 'cert' | 'key' | 'minVersion'>
type Http2Listener = (request: Http2ServerRequest, response: Http2ServerResponse) => void

interface SecureSocket extends TLSSocket {
  /** Node's: the underlying socket, which the `connection` event has. */
  readonly _parent: TrackedSocket
}

/** For HTTP/1.1 on an HTTP/2 server, Node before 24 reads these from the server's properties, not from its options. */
const HTTP1_PROPERTIES = [
  'headersTimeout', 'requestTimeout', 'connectionsCheckingInterval', 'keepAliveTimeout', 'keepAliveTimeoutBuffer',
  'maxHeaderSize', 'insecureHTTPParser', 'requireHostHeader'
] as const

/**
 * Makes a server over TLS whose connections `drain` tracks from the start of their handshake: first the underlying
 * socket, then the HTTP connection or HTTP/2 session on top of it.
 */
export function createSecureServer (
  drain: Drain, options: ServerOptions, listener: RequestListener, { http2, cert, key, minVersion }: TlsOptions
): Server {
  const secure = { ...options, cert, key, minVersion }
  const server = http2
    ? createHttp2AndHttp1Server(secure, listener)
    : createHttpsServer(secure, listener) as Server

  // Before Node's own listener, which reads the data that came together with the end of the handshake.
  server.prependListener('secureConnection', (socket: SecureSocket) => {
    drain.forget(socket._parent)
    if (socket.alpnProtocol !== 'h2') drain.add(socket)
    else server.once('session', (session) => { addSession(drain, server, session, socket) })
  })
  return server
}

function createHttp2AndHttp1Server (options: SecureOptions, listener: RequestListener): Server {
  const serverOptions = {
    // The defaults of a server that speaks HTTP/1.1 only.
    keepAliveTimeout: 5000,
    requireHostHeader: true,
    ...options,
    allowHTTP1: true,
    Http1ServerResponse: options.ServerResponse as typeof ServerResponse
  }
  const server = createHttp2Server(serverOptions, listener as unknown as Http2Listener)
  for (const name of HTTP1_PROPERTIES) {
    const value = (serverOptions as Readonly<Record<string, unknown>>)[name]
    if (value !== undefined) Object.assign(server, { [name]: value })
  }
  return server as unknown as Server
}

function addSession (drain: Drain, server: Server, session: ServerHttp2Session, socket: TLSSocket): void {
  const connection = drain.addSession(session, socket)
  const expireWhenIdle = (): void => {
    session.setTimeout(server.keepAliveTimeout, () => {
      if (connection.requests === 0) connection.expire()
      else expireWhenIdle()
    })
  }
  // A timeout that the application has set already ends the session.
  if (server.timeout === 0) expireWhenIdle()
}
