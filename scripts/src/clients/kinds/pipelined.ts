import { createClientKind, type ClientKind } from '../client-kind.ts'
import { KeepAliveClient } from '../raw/keep-alive-client.ts'
import { requestHead } from '../raw/raw-request.ts'
import { readHello } from '../raw/read-answer.ts'

const BATCH_SIZE = 4

/**
 * Four requests at once, and the next four after the last answer.
 *
 * Only the last answer of a batch may close the connection: the requests after an answer that closes are
 * lost, and each is a failure. (A client that never waits loses requests with any server: RFC 9112,
 * section 9.3.2.)
 */
export function pipelined (count: number): ClientKind {
  return createClientKind({ name: 'pipelined by four', count, isQuick: true }, async (loop, { target, timeout }) => {
    const client = new KeepAliveClient(target, timeout)
    const requests = requestHead(target, 'GET', '/').repeat(BATCH_SIZE)
    await loop.run(async () => {
      const startedAt = performance.now()
      const connection = await client.connection()
      connection.request(requests, BATCH_SIZE)
      for (let request = 0; request < BATCH_SIZE; request++) {
        try {
          await readHello(loop, connection, timeout)
          loop.answered(startedAt)
        } catch (error) {
          loop.failed(error, startedAt)
        }
      }
    })
    client.close()
  })
}
