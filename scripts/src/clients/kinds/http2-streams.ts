import { createClientKind, type ClientKind } from '../client-kind.ts'
import { Http2Client } from '../http2/http2-client.ts'
import type { Http2Answer } from '../http2/http2-exchange.ts'
import { assertSuccess, RequestFailure } from '../request-failure.ts'

/** In addition to the upload. */
const GETS = 2
const UPLOAD_LENGTH = 20_000
const LONGEST_PAUSE = 200

/**
 * Three requests at once on one HTTP/2 connection, one of them an upload that must come back unchanged.
 *
 * After a GOAWAY further requests use a new connection. A request that the server reports as not processed is
 * neither a success nor a failure, and is counted separately.
 */
export function http2Streams (count: number): ClientKind {
  return createClientKind({ name: 'HTTP/2 streams', count, isQuick: true }, async (loop, { target, timeout }, index) => {
    const client = new Http2Client(target, timeout)
    let turn = 0
    await loop.run(async () => {
      const upload = Buffer.alloc(UPLOAD_LENGTH, `stream ${turn++} of client ${index}, `)
      const session = await client.session()
      const gets = Array.from({ length: GETS }, async () => {
        await request('/', undefined, ({ body }) => { loop.identify(body.toString(), session.trace.openedAt) })
      })
      await Promise.all([...gets, request('/echo', upload, ({ body }) => {
        if (!body.equals(upload)) throw new RequestFailure('wrong content', body.length)
      })])
      await loop.pause(loop.between(0, LONGEST_PAUSE))

      async function request (path: string, body: Buffer | undefined, check: (answer: Http2Answer) => void): Promise<void> {
        const startedAt = performance.now()
        try {
          const answer = await client.request(session, path, body)
          if (answer === undefined) {
            loop.unprocessed(startedAt)
            return
          }
          assertSuccess(answer.status, answer.body.length)
          check(answer)
          loop.answered(startedAt)
        } catch (error) {
          if (error instanceof RequestFailure) error.connection ??= { ...session.trace }
          loop.failed(error, startedAt)
        }
      }
    })
    await client.close()
  })
}
