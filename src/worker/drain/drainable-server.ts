import {
  createServer, ServerResponse, type IncomingMessage, type OutgoingHttpHeaders, type RequestListener, type Server,
  type ServerOptions
} from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { setConnectionHeader, type HeadersArgument } from './connection-header.ts'
import type { TrackedSocket } from './connection.ts'
import type { Drain } from './drain.ts'
import { createSecureServer, type TlsOptions } from './secure-server.ts'

/**
 * Makes an HTTP, HTTPS or HTTP/2 server whose `close()` fails no request: see "The drain" in docs/architecture.md.
 *
 * `close()` is the only way to start the drain, because Node's cluster calls it when the primary disconnects
 * the worker. It stops accepting, and continues to serve the connections there are: each is closed by the answer
 * to its next request, which announces it, or by its own keep-alive timeout, because a request may already be
 * on its way on an idle connection (RFC 9112, section 9.6).
 *
 * @param drain of this server alone; it tracks the connections, and closes the remaining ones near the deadline
 * @param tls for a server over TLS; without it the server speaks plain HTTP
 */
export function createDrainableServer (
  drain: Drain, options: ServerOptions, handler: RequestListener, tls?: TlsOptions
): Server {
  const serverOptions = { ...options, ServerResponse: responseClass(drain) }
  const listener: RequestListener = (request, response) => {
    // The streams of HTTP/2 are independent of each other.
    if (drain.isDraining && request.httpVersionMajor === 1) serveInTurn(request, response, handler)
    else handler(request, response)
  }
  const server = tls === undefined
    ? createServer(serverOptions, listener)
    : createSecureServer(drain, serverOptions, listener, tls)

  server.on('connection', (socket: Socket) => { drain.add(socket) })
  server.close = (callback) => {
    drain.begin()
    // Not the one of http.Server: it destroys idle connections, and stops enforcing headersTimeout and requestTimeout.
    NetServer.prototype.close.call(server, callback)
    return server
  }
  // Fastify calls it when it closes, and a request may be on its way on an idle connection.
  server.closeIdleConnections = () => {}
  return server
}

/** Overrides `writeHead()`, because every answer calls it: outside of a drain this costs one property check. */
function responseClass (drain: Drain): typeof ServerResponse {
  return class DrainableResponse extends ServerResponse {
    // Node passes options (the high water mark, for one) that the types do not have.
    constructor (...parameters: ConstructorParameters<typeof ServerResponse>) {
      super(...parameters)
      drain.addRequest(parameters[0].socket as TrackedSocket, this)
    }

    override writeHead (status: number, reason?: string | HeadersArgument, headers?: HeadersArgument): this {
      if (!drain.isDraining || this.headersSent) {
        return super.writeHead(status, reason as string, headers as OutgoingHttpHeaders)
      }
      const passed = typeof reason === 'string' ? headers : headers ?? reason
      const changed = setConnectionHeader(this, passed, drain.closesWith(this))
      return typeof reason === 'string' ? super.writeHead(status, reason, changed) : super.writeHead(status, changed)
    }
  } as typeof ServerResponse
}

/**
 * During a drain a pipelined request waits until the answers before it have been sent. The answer that
 * closes the connection is then always the last one in flight, even if another request arrives while an
 * earlier one is being handled.
 */
function serveInTurn (request: IncomingMessage, response: ServerResponse, handler: RequestListener): void {
  const serve = (): void => {
    if (request.socket.writable) handler(request, response)
    // After our FIN no answer can be sent: read the request, but do not process it.
    else request.resume()
  }
  // Wait until everything that has arrived is parsed: then a small body is complete, and so is the queue. (`nextTick`
  // runs too early for that.) A request that has waited for its turn does not wait for this again: by now, its client
  // may have closed its side.
  if (response.socket === null) response.once('socket', () => { process.nextTick(serve) })
  else setImmediate(serve)
}
