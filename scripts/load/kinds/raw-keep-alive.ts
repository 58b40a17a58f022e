import { createClientKind, type ClientKind } from '../client-kind.ts'
import type { ClientLoop } from '../client-loop.ts'
import { KeepAliveClient } from '../keep-alive-client.ts'
import { requestHead } from '../raw-request.ts'
import { readHello } from '../read-hello.ts'

const SHORTEST_PAUSE = 50
const LONGEST_PAUSE = 1500

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

function rawKeepAlive (name: string, count: number, rest: (loop: ClientLoop) => Promise<void>): ClientKind {
  return createClientKind({ name, count, isQuick: true }, async (loop, { target, timeout }) => {
    const client = new KeepAliveClient(target, timeout)
    const request = requestHead(target, 'GET', '/')
    await loop.run(async () => {
      const startedAt = performance.now()
      const connection = await client.connection()
      connection.request(request)
      await readHello(loop, connection, timeout)
      loop.answered(startedAt)
      await rest(loop)
    })
    client.close()
  })
}
