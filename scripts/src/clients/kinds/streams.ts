import { createClientKind, type ClientKind } from '../client-kind.ts'
import { KeepAliveClient } from '../raw/keep-alive-client.ts'
import { requestHead } from '../raw/raw-request.ts'
import { expectBody, readAnswer } from '../raw/read-answer.ts'

const CHUNKS = 20
/** Milliseconds. */
const CHUNK_DELAY = 30
const WHOLE_BODY = Buffer.from(Array.from({ length: CHUNKS }, (_, chunk) => `chunk ${chunk}\n`).join(''))

/** Answers that take 0.6 s to arrive, and must be complete. */
export function streams (count: number): ClientKind {
  return createClientKind({ name: 'streams', count, isQuick: false }, async (loop, { target, timeout }) => {
    const client = new KeepAliveClient(target, timeout)
    const request = requestHead(target, 'GET', `/stream?chunks=${CHUNKS}&ms=${CHUNK_DELAY}`)
    await loop.run(async () => {
      const startedAt = performance.now()
      const connection = await client.connection()
      connection.request(request)
      await readAnswer(connection, timeout, expectBody(WHOLE_BODY))
      loop.answered(startedAt)
    })
    client.close()
  })
}
