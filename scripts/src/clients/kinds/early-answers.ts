import { createClientKind, type ClientKind } from '../client-kind.ts'
import type { HttpResponse } from '../raw/http-response-parser.ts'
import { KeepAliveClient } from '../raw/keep-alive-client.ts'
import { requestHead } from '../raw/raw-request.ts'
import { readAnswer } from '../raw/read-answer.ts'
import { RequestFailure } from '../request-failure.ts'

const PIECES = 8
const PIECE = Buffer.alloc(16 * 1024, 'nobody reads this ')
const SHORTEST = 50
const LONGEST = 500

/** Of a note that is not JSON: known when the head has come. */
const REFUSED = 415

/**
 * Uploads that are refused before their body has arrived, by clients that send it to its end all the same.
 *
 * The answer has to come whole: a server that closes with the rest of the body unread resets the connection, and
 * the reset can overtake what it had to say.
 */
export function earlyAnswers (count: number): ClientKind {
  return createClientKind({ name: 'early answers', count, isQuick: false }, async (loop, { target, timeout }) => {
    const client = new KeepAliveClient(target, timeout)
    const head = requestHead(target, 'PUT', '/note', [
      'Content-Type: application/octet-stream', `Content-Length: ${PIECES * PIECE.length}`
    ])
    await loop.run(async () => {
      const startedAt = performance.now()
      const delay = loop.between(SHORTEST, LONGEST) / PIECES
      const connection = await client.connection()
      connection.request(head)
      for (let piece = 0; piece < PIECES && connection.isReusable; piece++) {
        connection.write(PIECE)
        await loop.pause(delay)
      }
      await readAnswer(connection, timeout, checkRefusal)
      loop.answered(startedAt)
    })
    client.close()
  })
}

function checkRefusal ({ status, body }: HttpResponse): void {
  if (status !== REFUSED) throw new RequestFailure(`status ${status}`, body.length)
  if (!saysRefused(body.toString())) throw new RequestFailure('wrong content', body.length)
}

function saysRefused (body: string): boolean {
  try {
    return JSON.parse(body).statusCode === REFUSED
  } catch {
    return false
  }
}
