import { request as requestPlain, type Agent, type IncomingMessage } from 'node:http'
import { request as requestSecure } from 'node:https'
import type { Socket } from 'node:net'

import { startTrace, WORKER_HEADER, type ConnectionTrace } from '../connection-trace.ts'
import { announceSocket } from '../connection-watch.ts'
import { assertSuccess, RequestFailure, toRequestFailure } from '../request-failure.ts'
import type { Target } from '../target.ts'

const traces = new WeakMap<Socket, ConnectionTrace>()

/**
 * A GET with Node's own client.
 *
 * @param timeout milliseconds until the whole body must have arrived
 * @param check throws a RequestFailure for a wrong body
 * @throws RequestFailure
 */
export async function getByAgent (
  agent: Agent, { host, port, isSecure }: Target, path: string, timeout: number, check: (body: string) => void
): Promise<void> {
  const pieces: Buffer[] = []
  let socket: Socket | undefined
  let bytes = 0
  let isLate = false
  try {
    await new Promise<void>((resolve, reject) => {
      const request = (isSecure ? requestSecure : requestPlain)({ agent, host, port, path })
      const deadline = setTimeout(() => {
        isLate = true
        request.destroy()
      }, timeout)
      request.on('close', () => { clearTimeout(deadline) })
      request.on('error', reject)
      request.on('socket', (assigned) => {
        socket = assigned
        if (isSecure) announceSocket(assigned)
        trace(assigned)
      })
      request.on('response', (response) => {
        response.on('data', (piece: Buffer) => {
          pieces.push(piece)
          bytes += piece.length
        })
        // After `end` both are ignored.
        response.on('error', reject)
        response.on('aborted', () => { reject(new RequestFailure('cut answer', bytes)) })
        response.on('end', () => { settle(response, resolve, reject) })
      })
      request.end()
    })
  } catch (error) {
    const failure = isLate ? new RequestFailure('timeout', bytes) : toRequestFailure(error, bytes)
    const known = socket === undefined ? undefined : traces.get(socket)
    if (known !== undefined) failure.connection ??= { ...known }
    throw failure
  }

  function settle ({ statusCode = 0, headers, complete }: IncomingMessage, resolve: () => void, reject: (error: unknown) => void): void {
    try {
      if (!complete) throw new RequestFailure('cut answer', bytes)
      const known = socket === undefined ? undefined : traces.get(socket)
      const worker = headers[WORKER_HEADER]
      if (known !== undefined && typeof worker === 'string') known.worker = worker
      assertSuccess(statusCode, bytes)
      check(Buffer.concat(pieces).toString())
      resolve()
    } catch (error) {
      reject(error)
    }
  }
}

function trace (socket: Socket): void {
  const known = traces.get(socket)
  if (known !== undefined) {
    known.sentAt = performance.now()
  } else if (socket.connecting) {
    socket.once('connect', () => { trace(socket) })
  } else {
    const started = startTrace(performance.now(), socket)
    started.sentAt = started.openedAt
    socket.once('close', () => { started.closedAt = performance.now() })
    traces.set(socket, started)
  }
}
