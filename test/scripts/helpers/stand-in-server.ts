import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Test } from 'tap'

import { createTarget, type Target } from '../../../scripts/load/target.ts'

/** What the server does instead of answering; it has the connection to itself, and the right answer at hand. */
export type Fault = (response: ServerResponse, socket: Socket, body: Buffer) => void

export interface StandInOptions {
  readonly fault?: Fault
  /** Which request the fault is for, 1 is the first. */
  readonly nth?: number
  /** Which connection is accepted and closed at once, 1 is the first. */
  readonly acceptThenClose?: number
  /** Is called with each answer before it is sent. */
  readonly onAnswer?: (response: ServerResponse, socket: Socket) => void
}

export interface StandIn {
  readonly target: Target
  /** Connections that it has accepted. */
  readonly connections: () => number
}

/** Starts a server with the routes of the built-in application, which misbehaves once when told to. */
export async function startStandIn (t: Test, { fault, nth, acceptThenClose, onAnswer }: StandInOptions = {}): Promise<StandIn> {
  let requests = 0
  let connections = 0
  const server = createServer((request, response) => {
    const number = ++requests
    answer(request, response).catch((error) => { response.destroy(error) })

    async function answer (request: IncomingMessage, response: ServerResponse) {
      const body = bodyFor(request.url ?? '', await buffer(request))
      const socket = await turnOf(response)
      if (fault !== undefined && number === nth) {
        fault(response, socket, body)
        return
      }
      onAnswer?.(response, socket)
      response.end(body)
    }
  })
  server.on('connection', (socket: Socket) => {
    if (++connections === acceptThenClose) socket.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { target: createTarget('127.0.0.1', port), connections: () => connections }
}

/** Of pipelined requests, a later one has no socket before the earlier ones are answered. */
async function turnOf (response: ServerResponse): Promise<Socket> {
  if (response.socket === null) await once(response, 'socket')
  if (response.socket === null) throw new Error('an answer without a socket')
  return response.socket
}

function bodyFor (url: string, upload: Buffer): Buffer {
  const { pathname, searchParams } = new URL(url, 'http://stand-in')
  if (pathname === '/echo') return upload
  if (pathname === '/stream') {
    const chunks = Array.from({ length: Number(searchParams.get('chunks')) }, (_, chunk) => `chunk ${chunk}\n`)
    return Buffer.from(chunks.join(''))
  }
  return Buffer.from(JSON.stringify({ hello: 'world', slot: 0, generation: 1, pid: process.pid }))
}
