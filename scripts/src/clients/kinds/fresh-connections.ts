import { createClientKind, type ClientKind } from '../client-kind.ts'
import { Connection } from '../raw/connection.ts'
import { requestHead } from '../raw/raw-request.ts'
import { readHello } from '../raw/read-answer.ts'

/** Milliseconds. Each connection leaves its port in TIME_WAIT for a minute; without a pause the ports would run out. */
const LONGEST_PAUSE = 20

/**
 * A new connection for each request: for half of them the client asks the server to close, the others it closes
 * itself.
 */
export function freshConnections (count: number): ClientKind {
  return createClientKind({ name: 'new connection each', count, isQuick: true }, async (loop, { target, timeout }) => {
    const asksToClose = requestHead(target, 'GET', '/', ['Connection: close'])
    const closesItself = requestHead(target, 'GET', '/')
    let turn = 0
    await loop.run(async () => {
      const startedAt = performance.now()
      const connection = await Connection.open(target, timeout)
      connection.request(turn++ % 2 === 0 ? asksToClose : closesItself)
      try {
        await readHello(loop, connection, timeout)
        connection.assertSound()
      } finally {
        connection.close()
      }
      loop.answered(startedAt)
      await loop.pause(loop.between(0, LONGEST_PAUSE))
    })
  })
}
