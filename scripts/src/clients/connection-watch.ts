import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/** A connection was opened, or it is closed. */
export type ConnectionChange = 1 | -1

/** Of Node: what `net.connect()` opens. `tls.connect()` says nothing there. */
const PLAIN = 'net.client.socket'
/** Of undici: each connection, over TLS as well. */
const UNDICI = 'undici:client:connected'
const SECURE = channel('baton.load-test.secure-socket')

/** Has a socket over TLS that a client of ours opened be seen as those of others are; once is enough. */
export function announceSocket (socket: Socket): void {
  SECURE.publish({ socket })
}

/**
 * Tells of every connection to the port that this thread opens and closes, whoever opens it: raw clients,
 * undici, `http.Agent` and `fetch` all end in `net.connect()`. Those over TLS do not: undici tells of its own, and
 * our other clients announce theirs.
 *
 * @param onChange `at` is of `performance.now()`
 * @returns what ends it; connections still open then count as open
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
    // Not `on`: who opened it may count its listeners. One that is refused never connects.
    // Node tells before it connects, undici after.
    if (socket.remotePort === undefined) socket.once('connect', () => { count(socket) })
    else count(socket)
  }
  const channels = [PLAIN, UNDICI, SECURE.name] as const
  for (const name of channels) subscribe(name, follow)
  return () => {
    isOver = true
    for (const name of channels) unsubscribe(name, follow)
  }
}
