import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

import { startTrace, WORKER_HEADER, type ConnectionTrace } from '../connection-trace.ts'

/** undici tells no caller which connection carries a request; its diagnostics channels do, by a name that we give it. */
const NAME = 'x-request-id'
const NAMED = new RegExp(`^${NAME}: (\\d+)\\r?$`, 'im')

/** One request of undici, followed to its connection. */
export interface FollowedRequest {
  /** To be sent with it. */
  readonly headers: Record<string, string>
  /** Undefined before it was sent, and while nobody traces. */
  readonly connection: () => ConnectionTrace | undefined
  readonly answered: (headers: Readonly<Record<string, string | string[] | undefined>>) => void
  readonly end: () => void
}

const UNFOLLOWED: FollowedRequest = { headers: {}, connection: () => undefined, answered: () => {}, end: () => {} }

const connections = new WeakMap<Socket, ConnectionTrace>()
const underWay = new Map<string, ConnectionTrace>()
let tracers = 0
let requests = 0

/**
 * From here on failures of undici's requests tell what is known of their connection.
 *
 * @returns what ends it
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
  const name = String(++requests)
  return {
    headers: { [NAME]: name },
    connection: () => {
      const trace = underWay.get(name)
      return trace === undefined ? undefined : { ...trace }
    },
    answered: (headers) => {
      const trace = underWay.get(name)
      const worker = headers[WORKER_HEADER]
      if (trace !== undefined && typeof worker === 'string') trace.worker = worker
    },
    end: () => { underWay.delete(name) }
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
  const name = NAMED.exec(headers)?.[1]
  const trace = connections.get(socket)
  if (name === undefined || trace === undefined) return
  trace.sentAt = performance.now()
  underWay.set(name, trace)
}
