import { createClientKind, type ClientKind } from '../client-kind.ts'
import { KeepAliveClient } from '../raw/keep-alive-client.ts'
import { requestHead } from '../raw/raw-request.ts'
import { expectBody, readAnswer } from '../raw/read-answer.ts'
import { assertSuccess, RequestFailure } from '../request-failure.ts'

const BODY_LENGTH = 4096
/** Milliseconds between `100 Continue` and the body. */
const SHORTEST_PAUSE = 0
const LONGEST_PAUSE = 300

/**
 * Uploads that wait for `100 Continue` before they send the body (RFC 9110, section 10.1.1), which must come back
 * unchanged. In between the server has read only a head.
 */
export function expectContinue (count: number): ClientKind {
  return createClientKind({ name: 'expect 100-continue', count, isQuick: false }, async (loop, { target, timeout }, index) => {
    const client = new KeepAliveClient(target, timeout)
    let turn = 0
    await loop.run(async () => {
      const startedAt = performance.now()
      const body = Buffer.alloc(BODY_LENGTH, `continued ${turn++} of client ${index}, `)
      const connection = await client.connection()
      connection.request(requestHead(target, 'POST', '/echo', [
        'Content-Type: application/octet-stream', `Content-Length: ${body.length}`, 'Expect: 100-continue'
      ]))
      await connection.until(({ interim }) => interim.includes(100), timeout)
      if (!connection.pending.interim.includes(100)) {
        await readAnswer(connection, timeout, ({ status, body }) => {
          // The server still expects a body, and would read the next request as that.
          connection.close()
          assertSuccess(status, body.length)
          throw new RequestFailure('an answer without 100 Continue', body.length)
        })
      }
      await loop.pause(loop.between(SHORTEST_PAUSE, LONGEST_PAUSE))
      connection.write(body)
      await readAnswer(connection, timeout, expectBody(body))
      loop.answered(startedAt)
    })
    client.close()
  })
}
