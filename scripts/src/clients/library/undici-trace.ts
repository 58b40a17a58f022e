import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

import { startTrace, WORKER_HEADER, type ConnectionTrace } from '../connection-trace.ts'

/** undici does not return the connection of a request; its diagnostics channels do, by an id in this header. */
const REQUEST_ID_HEADER = 'x-request-id'
const REQUEST_ID = new RegExp(`^${REQUEST_ID_HEADER}: (\\d+)\\r?$`, 'im')

/** A request of undici whose connection is traced. */
export interface FollowedRequest {
  /** Must be sent with the request. */
  readonly headers: Record<string, string>
  /** Undefined before the request was sent, and while tracing is off. */
  readonly connection: () => ConnectionTrace | undefined
  readonly answered: (headers: Readonly<Record<string, string | string[] | undefined>>) => void
  readonly end: () => void
}

const UNFOLLOWED: FollowedRequest = { headers: {}, connection: () => undefined, answered: () => {}, end: () => {} }

const connections = new WeakMap<Socket, ConnectionTrace>()
const requestsInProgress = new Map<string, ConnectionTrace>()
let tracers = 0
let requests = 0

/**
 * Starts to add to failures of undici's requests what is known of their connection.
 *
 * @returns a function that stops it
 */
export function traceUndici (): () => void {
  if (tracers++ === 0) {
    subscribe('undici:client:connected', onConnected)
    subscribe('undici:client:sendHeaders', onSend)
  }
  return () => {
    if (--tracers > 0) return
    unsubscribe('undici:client:connected', onConnected)
    unsubscribe('undici:client:sendHeaders', onSend)
  }
}

export function followRequest (): FollowedRequest {
  if (tracers === 0) return UNFOLLOWED
  const id = String(++requests)
  return {
    headers: { [REQUEST_ID_HEADER]: id },
    connection: () => {
      const trace = requestsInProgress.get(id)
      return trace === undefined ? undefined : { ...trace }
    },
    answered: (headers) => {
      const trace = requestsInProgress.get(id)
      const worker = headers[WORKER_HEADER]
      if (trace !== undefined && typeof worker === 'string') trace.worker = worker
    },
    end: () => { requestsInProgress.delete(id) }
  }
}

function onConnected (message: unknown): void {
  const { socket } = message as { socket: Socket }
  const trace = startTrace(performance.now(), socket)
  connections.set(socket, trace)
  socket.once('close', () => { trace.closedAt ??= performance.now() })
}

function onSend (message: unknown): void {
  const { headers, socket } = message as { headers: string, socket: Socket }
  const id = REQUEST_ID.exec(headers)?.[1]
  const trace = connections.get(socket)
  if (id === undefined || trace === undefined) return
  trace.sentAt = performance.now()
  requestsInProgress.set(id, trace)
}
