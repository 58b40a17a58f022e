import { createClientKind, type ClientKind } from '../client-kind.ts'
import { Connection } from '../raw/connection.ts'
import { requestHead } from '../raw/raw-request.ts'
import { readHello } from '../raw/read-answer.ts'
import { RequestFailure } from '../request-failure.ts'

/** Milliseconds between opening a socket and its first request. */
const SHORTEST_PAUSE = 200
const LONGEST_PAUSE = 3000

/**
 * Sockets that are opened before there is a request for them, as browsers do.
 *
 * Unlike an idle keep-alive connection, a socket that the server closes before its first request counts as
 * a failure: it was accepted and then dropped.
 */
export function openedInAdvance (count: number): ClientKind {
  return createClientKind({ name: 'opened in advance', count, isQuick: true }, async (loop, { target, timeout }) => {
    const request = requestHead(target, 'GET', '/')
    await loop.run(async () => {
      const connection = await Connection.open(target, timeout)
      await loop.pause(loop.between(SHORTEST_PAUSE, LONGEST_PAUSE))
      try {
        connection.assertSound()
        if (!connection.isReusable) {
          const failure = new RequestFailure('closed before the first request')
          failure.connection = connection.trace
          throw failure
        }
        if (loop.isStopped) return

        const startedAt = performance.now()
        connection.request(request)
        await readHello(loop, connection, timeout)
        connection.assertSound()
        loop.answered(startedAt)
      } finally {
        connection.close()
      }
    })
  })
}
