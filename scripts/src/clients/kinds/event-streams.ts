import { createClientKind, type ClientKind } from '../client-kind.ts'
import { readEvents } from '../event-stream.ts'
import { KeepAliveClient } from '../raw/keep-alive-client.ts'
import { requestHead } from '../raw/raw-request.ts'
import { readAnswer } from '../raw/read-answer.ts'
import { assertSuccess, RequestFailure } from '../request-failure.ts'

/** Milliseconds until a client leaves a stream. */
const SHORTEST_STAY = 200
const LONGEST_STAY = 6000
const LONGEST_PAUSE = 500

/**
 * Server-sent events, which have no end of their own: a stream ends well with the goodbye of the server, or when the
 * client leaves after an event. Any other end is a failure.
 */
export function eventStreams (count: number): ClientKind {
  return createClientKind({ name: 'event streams', count, isQuick: false }, async (loop, { target, timeout }) => {
    const client = new KeepAliveClient(target, timeout)
    const request = requestHead(target, 'GET', '/events', ['Accept: text/event-stream'])
    await loop.run(async () => {
      const startedAt = performance.now()
      const stay = loop.between(SHORTEST_STAY, LONGEST_STAY)
      const connection = await client.connection()
      connection.request(request)

      // The stay counts from the first event, and ends with an event, never between two.
      let hasLeft = false
      let firstAt: number | undefined
      await connection.until(({ pendingHead, pendingBody }) => {
        if (pendingHead?.status !== 200 || readEvents(pendingBody.toString()).count === 0) return false
        firstAt ??= performance.now()
        hasLeft = loop.isStopped || performance.now() - firstAt >= stay
        return hasLeft
      }, stay + timeout)

      if (hasLeft) {
        loop.identify(readEvents(connection.pending.pendingBody.toString()).last, connection.openedAt)
        connection.close()
      } else {
        await readAnswer(connection, timeout, ({ status, body }) => {
          assertSuccess(status, body.length)
          const { isOver, count, last } = readEvents(body.toString())
          if (!isOver || count === 0) throw new RequestFailure('wrong content', body.length)
          loop.identify(last, connection.openedAt)
        })
      }
      loop.answered(startedAt)
      await loop.pause(loop.between(0, LONGEST_PAUSE))
    })
    client.close()
  })
}
