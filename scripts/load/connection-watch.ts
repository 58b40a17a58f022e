import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/** A connection was opened, or it is closed. */
export type ConnectionChange = 1 | -1

const CHANNEL = 'net.client.socket'

/**
 * Tells of every connection to the port that this thread opens and closes, whoever opens it: raw clients,
 * undici, `http.Agent` and `fetch` all end in `net.connect()`. TLS does not, and is not seen.
 *
 * @param onChange `at` is of `performance.now()`
 * @returns what ends it; connections still open then count as open
 */
export function watchConnections (port: number, onChange: (change: ConnectionChange, at: number) => void): () => void {
  let isOver = false
  const change = (by: ConnectionChange) => {
    if (!isOver) onChange(by, performance.now())
  }
  const follow = (message: unknown) => {
    const { socket } = message as { socket: Socket }
    // Not `on`: who opened it may count its listeners. One that is refused never connects.
    socket.once('connect', () => {
      if (socket.remotePort !== port) return
      change(1)
      socket.once('close', () => { change(-1) })
    })
  }
  subscribe(CHANNEL, follow)
  return () => {
    isOver = true
    unsubscribe(CHANNEL, follow)
  }
}
