import { createClientKind, type ClientKind } from '../client-kind.ts'
import type { ClientLoop } from '../client-loop.ts'
import type { Connection } from '../raw/connection.ts'
import { KeepAliveClient } from '../raw/keep-alive-client.ts'
import { requestHead } from '../raw/raw-request.ts'
import { readHello } from '../raw/read-answer.ts'

const SHORTEST_PAUSE = 50
const LONGEST_PAUSE = 1500

/** With a hint of a minute, a run would be over before the second request. */
const LONGEST_HINT = 10_000
/** Of a server that gives no hint; Node's is 5 s by default. */
const DEFAULT_HINT = 5000
/** Shares of the hint between which a client pauses. */
const BELOW_HINT = [0.1, 0.8] as const
const AROUND_HINT = [0.1, 1.1] as const

type Rest = (loop: ClientLoop, connection: Connection) => Promise<void>

/** Clients that use a connection until they are told to stop, and trust no hint about its idle time. */
export function rawKeepAliveBusy (count: number): ClientKind {
  return rawKeepAlive('keep-alive, busy (raw)', count, async () => {})
}

/** The same, idle most of the time: a worker that drains must not close under them. */
export function rawKeepAlivePaused (count: number): ClientKind {
  return rawKeepAlive('keep-alive, pauses (raw)', count, async (loop) => {
    await loop.pause(loop.between(SHORTEST_PAUSE, LONGEST_PAUSE))
  })
}

/**
 * Long pauses by a client that reads no hint, below what the server allows (beyond it, requests fail without any
 * reload): a whole drain may pass while its connection is idle.
 */
export function hintIgnored (count: number): ClientKind {
  return rawKeepAlive('keep-alive, hint ignored (raw)', count, pauseBy(BELOW_HINT))
}

/** Pauses up to and beyond the hint, by a client that leaves the connection a second before it runs out. */
export function hintHonoured (count: number): ClientKind {
  return rawKeepAlive('keep-alive, hint honoured (raw)', count, pauseBy(AROUND_HINT), { honoursHint: true })
}

function pauseBy ([from, to]: readonly [number, number]): Rest {
  return async (loop, { keepAliveHint = DEFAULT_HINT }) => {
    const hint = Math.min(keepAliveHint, LONGEST_HINT)
    await loop.pause(loop.between(hint * from, hint * to))
  }
}

function rawKeepAlive (name: string, count: number, rest: Rest, options: { readonly honoursHint?: boolean } = {}): ClientKind {
  return createClientKind({ name, count, isQuick: true }, async (loop, { target, timeout }) => {
    const client = new KeepAliveClient(target, timeout, options)
    const request = requestHead(target, 'GET', '/')
    await loop.run(async () => {
      const startedAt = performance.now()
      const connection = await client.connection()
      connection.request(request)
      await readHello(loop, connection, timeout)
      loop.answered(startedAt)
      await rest(loop, connection)
    })
    client.close()
  })
}
