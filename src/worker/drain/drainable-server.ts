import {
  createServer, ServerResponse, type IncomingMessage, type OutgoingHttpHeaders, type RequestListener, type Server,
  type ServerOptions
} from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { setConnection, type HeadersArgument } from './connection-header.ts'
import type { TrackedSocket } from './connection.ts'
import type { Drain } from './drain.ts'
import { createSecureServer, type TlsOptions } from './secure-server.ts'

/**
 * Makes an HTTP, HTTPS or HTTP/2 server whose `close()` fails no request: see "The drain" in docs/architecture.md.
 *
 * `close()` is the only entrance, because Node's cluster calls it when the primary disconnects the
 * worker. It stops accepting and goes on serving the connections there are: each is closed by the answer
 * to its next request, which says so, or by its own keep-alive timeout, because a request may already be
 * on its way on an idle one (RFC 9112, section 9.6).
 *
 * @param drain one server's; it keeps the connections and closes what is left near the deadline
 * @param tls for a server over TLS; without it it speaks plain HTTP
 */
export function createDrainableServer (drain: Drain, options: ServerOptions, handler: RequestListener, tls?: TlsOptions): Server {
  const all = { ...options, ServerResponse: responseClass(drain) }
  const listener: RequestListener = (request, response) => {
    // The streams of HTTP/2 have no turn.
    if (drain.isDraining && request.httpVersionMajor === 1) serveInTurn(request, response, handler)
    else handler(request, response)
  }
  const server = tls === undefined ? createServer(all, listener) : createSecureServer(drain, all, listener, tls)

  server.on('connection', (socket: Socket) => { drain.add(socket) })
  server.close = (callback) => {
    drain.begin()
    // Not http's own: it destroys idle connections, and it stops enforcing headersTimeout and requestTimeout.
    NetServer.prototype.close.call(server, callback)
    return server
  }
  // Fastify calls it when it closes, and what it destroys may have a request on its way.
  server.closeIdleConnections = () => {}
  return server
}

/** The class decides in `writeHead()`, which every answer goes through: it costs others one property check. */
function responseClass (drain: Drain): typeof ServerResponse {
  return class DrainableResponse extends ServerResponse {
    // Node passes options, among them the high water mark, that the types do not name.
    constructor (...parameters: ConstructorParameters<typeof ServerResponse>) {
      super(...parameters)
      drain.received(parameters[0].socket as TrackedSocket, this)
    }

    override writeHead (status: number, reason?: string | HeadersArgument, headers?: HeadersArgument): this {
      if (!drain.isDraining || this.headersSent) return super.writeHead(status, reason as string, headers as OutgoingHttpHeaders)
      const given = typeof reason === 'string' ? headers : headers ?? reason
      const decided = setConnection(this, given, drain.closesWith(this))
      return typeof reason === 'string' ? super.writeHead(status, reason, decided) : super.writeHead(status, decided)
    }
  } as typeof ServerResponse
}

/**
 * During a drain a pipelined request waits until the answers before it have been sent. The answer that
 * closes the connection is then always the last one that is under way, also when a further request
 * arrives while an earlier one is being worked on.
 */
function serveInTurn (request: IncomingMessage, response: ServerResponse, handler: RequestListener): void {
  const serve = (): void => {
    if (request.socket.writable) handler(request, response)
    // After our FIN nobody would read the answer: such a request is read, and not processed.
    else request.resume()
  }
  // Once everything that has arrived was parsed: a small body is complete by then, and so is the queue. (Ticks run
  // in between.) Its turn is no further wait: a client may have closed its side after the last request.
  if (response.socket === null) response.once('socket', () => { process.nextTick(serve) })
  else setImmediate(serve)
}
