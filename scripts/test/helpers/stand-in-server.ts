import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'

import type { Test } from 'tap'

import { createTarget, type Target } from '../../src/clients/target.ts'

/** What the server does instead of answering; it is given the connection and the correct answer. */
export type Fault = (response: ServerResponse, socket: Socket, body: Buffer) => void

export interface StandInOptions {
  readonly fault?: Fault
  /** The number of the request that gets the fault; 1 is the first. */
  readonly nth?: number
  /** The number of the connection that is accepted and closed at once; 1 is the first. */
  readonly acceptThenClose?: number
  /** Milliseconds that a connection may be idle. */
  readonly keepAliveTimeout?: number
  /** `GET /events` sends events until the client leaves, without a goodbye. */
  readonly streamsEvents?: boolean
  /** The number of the request that waits for `100 Continue` and is answered at once instead; 1 is the first. */
  readonly forgetsContinue?: number
  /** Is given a function that sends the answer, to call it later. */
  readonly hold?: (send: () => void) => void
  /** Is called with each answer before it is sent. */
  readonly onAnswer?: (response: ServerResponse, socket: Socket) => void
}

export interface StandIn {
  readonly target: Target
  /** Connections that it has accepted. */
  readonly connections: () => number
}

/** Starts a server with the routes of the built-in application, which misbehaves once on demand. */
export async function startStandIn (t: Test, { fault, nth, acceptThenClose, keepAliveTimeout, streamsEvents, forgetsContinue, hold, onAnswer }: StandInOptions = {}): Promise<StandIn> {
  let requests = 0
  let connections = 0
  const server = createServer(keepAliveTimeout === undefined ? {} : { keepAliveTimeout }, (request, response) => {
    const number = ++requests
    answer(request, response).catch((error) => { response.destroy(error) })

    async function answer (request: IncomingMessage, response: ServerResponse) {
      const isEarly = request.url === '/note'
      if (isEarly) response.statusCode = EARLY_STATUS
      const body = bodyFor(request.url ?? '', isEarly ? NOTHING : await buffer(request))
      const socket = await turnOf(response)
      if (fault !== undefined && number === nth) {
        fault(response, socket, body)
        return
      }
      onAnswer?.(response, socket)
      if (streamsEvents === true && request.url === '/events') {
        streamEvents(response, body)
        return
      }
      const send = (): void => { response.end(body) }
      if (hold === undefined) send()
      else hold(send)
    }
  })
  let waiting = 0
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (++waiting === forgetsContinue) {
      response.writeHead(200, { connection: 'close' }).end()
      return
    }
    response.writeContinue()
    server.emit('request', request, response)
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

const EVENT_INTERVAL = 20
const EARLY_STATUS = 415
const NOTHING = Buffer.alloc(0)

function streamEvents (response: ServerResponse, body: Buffer): void {
  const begin = body.subarray(0, body.indexOf('event:'))
  response.write(begin)
  const timer = setInterval(() => { response.write(begin.subarray(begin.indexOf('data:'))) }, EVENT_INTERVAL)
  response.once('close', () => { clearInterval(timer) })
}

/** A pipelined request has no socket until the earlier ones are answered. */
async function turnOf (response: ServerResponse): Promise<Socket> {
  if (response.socket === null) await once(response, 'socket')
  if (response.socket === null) throw new Error('an answer without a socket')
  return response.socket
}

export function bodyFor (url: string, upload: Buffer): Buffer {
  const { pathname, searchParams } = new URL(url, 'http://stand-in')
  if (pathname === '/echo') return upload
  if (pathname === '/stream') {
    const chunks = Array.from({ length: Number(searchParams.get('chunks')) }, (_, chunk) => `chunk ${chunk}\n`)
    return Buffer.from(chunks.join(''))
  }
  if (pathname === '/note') return Buffer.from(JSON.stringify({ statusCode: EARLY_STATUS, error: 'Unsupported Media Type' }))
  if (pathname === '/events') {
    const data = `data: ${JSON.stringify({ count: 1, slot: 0, generation: 1, pid: process.pid })}\n\n`
    return Buffer.from(`retry: 1000\n\n${data}event: goodbye\n${data}`)
  }
  return Buffer.from(JSON.stringify({ hello: 'world', slot: 0, generation: 1, pid: process.pid }))
}
