import { createClientKind, type ClientKind } from '../client-kind.ts'
import type { ClientLoop } from '../client-loop.ts'
import type { Connection } from '../raw/connection.ts'
import { KeepAliveClient } from '../raw/keep-alive-client.ts'
import { requestHead } from '../raw/raw-request.ts'
import { readHello } from '../raw/read-answer.ts'

const SHORTEST_PAUSE = 50
const LONGEST_PAUSE = 1500

/** Milliseconds: with a hint of a minute, the run would end before the second request. */
const LONGEST_HINT = 10_000
/** For a server that gives no hint; Node's is 5 s by default. */
const DEFAULT_HINT = 5000
/** Pauses are between these shares of the hint. */
const BELOW_HINT = [0.1, 0.8] as const
const AROUND_HINT = [0.1, 1.1] as const

type Pause = (loop: ClientLoop, connection: Connection) => Promise<void>

/** Clients that use a connection until an answer closes it, and ignore the hint about its idle time. */
export function rawKeepAliveBusy (count: number): ClientKind {
  return rawKeepAlive('keep-alive, busy (raw)', count, async () => {})
}

/** The same clients, idle most of the time: a draining worker must not close their connections under a request. */
export function rawKeepAlivePaused (count: number): ClientKind {
  return rawKeepAlive('keep-alive, pauses (raw)', count, async (loop) => {
    await loop.pause(loop.between(SHORTEST_PAUSE, LONGEST_PAUSE))
  })
}

/**
 * Long pauses of a client that ignores the hint, but shorter than the server allows (beyond, requests fail without
 * any reload): a whole drain may pass while its connection is idle.
 */
export function hintIgnored (count: number): ClientKind {
  return rawKeepAlive('keep-alive, hint ignored (raw)', count, pauseBy(BELOW_HINT))
}

/** Pauses up to and beyond the hint, of a client that leaves the connection a second before the hint runs out. */
export function hintHonoured (count: number): ClientKind {
  return rawKeepAlive('keep-alive, hint honoured (raw)', count, pauseBy(AROUND_HINT), { honoursHint: true })
}

function pauseBy ([from, to]: readonly [number, number]): Pause {
  return async (loop, { keepAliveHint = DEFAULT_HINT }) => {
    const hint = Math.min(keepAliveHint, LONGEST_HINT)
    await loop.pause(loop.between(hint * from, hint * to))
  }
}

function rawKeepAlive (name: string, count: number, pause: Pause, options: { readonly honoursHint?: boolean } = {}): ClientKind {
  return createClientKind({ name, count, isQuick: true }, async (loop, { target, timeout }) => {
    const client = new KeepAliveClient(target, timeout, options)
    const request = requestHead(target, 'GET', '/')
    await loop.run(async () => {
      const startedAt = performance.now()
      const connection = await client.connection()
      connection.request(request)
      await readHello(loop, connection, timeout)
      loop.answered(startedAt)
      await pause(loop, connection)
    })
    client.close()
  })
}
