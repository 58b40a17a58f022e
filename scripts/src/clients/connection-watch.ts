import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/** A connection was opened, or it is closed. */
export type ConnectionChange = 1 | -1

/** Channel of Node: what `net.connect()` opens. `tls.connect()` publishes nothing there. */
const NODE_CHANNEL = 'net.client.socket'
/** Channel of undici: every connection, also over TLS. */
const UNDICI_CHANNEL = 'undici:client:connected'
const SECURE_CHANNEL = channel('baton.load-test.secure-socket')

/** Publishes a TLS socket that one of our clients opened, because Node does not; repeated calls do no harm. */
export function announceSocket (socket: Socket): void {
  SECURE_CHANNEL.publish({ socket })
}

/**
 * Reports every connection to the port that this program opens and closes: raw clients, undici, `http.Agent` and
 * `fetch` all use `net.connect()`. Connections over TLS do not: undici publishes its own, and our other clients
 * announce theirs.
 *
 * @param onChange `at` is of `performance.now()`
 * @returns a function that stops it; connections that are open then count as open
 */
export function watchConnections (port: number, onChange: (change: ConnectionChange, at: number) => void): () => void {
  let isOver = false
  const known = new WeakSet<Socket>()
  const change = (by: ConnectionChange) => {
    if (!isOver) onChange(by, performance.now())
  }
  const count = (socket: Socket) => {
    if (socket.remotePort !== port) return
    change(1)
    socket.once('close', () => { change(-1) })
  }
  const follow = (message: unknown) => {
    const { socket } = message as { socket: Socket }
    if (known.has(socket)) return
    known.add(socket)
    // Node publishes a socket before it connects, undici afterwards. A refused one never connects.
    if (socket.remotePort === undefined) socket.once('connect', () => { count(socket) })
    else count(socket)
  }
  const channels = [NODE_CHANNEL, UNDICI_CHANNEL, SECURE_CHANNEL.name] as const
  for (const name of channels) subscribe(name, follow)
  return () => {
    isOver = true
    for (const name of channels) unsubscribe(name, follow)
  }
}
