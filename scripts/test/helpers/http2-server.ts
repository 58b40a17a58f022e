import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

import type { Test } from 'tap'

import { createTarget, type Target } from '../../src/clients/target.ts'
import { fixture } from './fixture.ts'
import { bodyFor } from './stand-in-server.ts'

const KEY = readFileSync(fixture('stand-in-key.pem'))
const CERTIFICATE = readFileSync(fixture('stand-in-cert.pem'))

/** What the server does instead of answering; it is given the correct answer. */
export type Http2Fault = (response: Http2ServerResponse, body: Buffer) => void

export interface SecureStandIn {
  readonly target: Target
  readonly sessions: () => number
}

/**
 * Starts a server for HTTP/2 and HTTP/1.1 over TLS, with the routes of the built-in application.
 *
 * @param fault for the request `nth` (1 is the first) instead of its answer
 * @param onSession is called with each HTTP/2 connection
 */
export async function startSecureStandIn (
  t: Test, { fault, nth, onSession }: { fault?: Http2Fault, nth?: number, onSession?: (session: ServerHttp2Session) => void } = {}
): Promise<SecureStandIn> {
  const open = new Set<ServerHttp2Session>()
  let requests = 0
  let sessions = 0
  const server = createSecureServer({ key: KEY, cert: CERTIFICATE, allowHTTP1: true }, (request, response) => {
    const number = ++requests
    answer(request, response).catch(() => { response.stream?.close() })

    async function answer (request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
      const isEarly = request.url === '/note'
      if (isEarly) response.statusCode = 415
      const body = bodyFor(request.url, isEarly ? Buffer.alloc(0) : await buffer(request))
      if (fault !== undefined && number === nth) fault(response, body)
      else response.end(body)
    }
  })
  server.on('session', (session) => {
    open.add(session)
    session.once('close', () => { open.delete(session) })
    sessions++
    onSession?.(session)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const session of open) session.destroy()
    server.close()
    // Connections of HTTP/1.1; the types lack the method, which exists since Node 18.
    ;(server as unknown as { closeAllConnections?: () => void }).closeAllConnections?.()
  })
  return { target: createTarget('127.0.0.1', (server.address() as AddressInfo).port, 'https'), sessions: () => sessions }
}
