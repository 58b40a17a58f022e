import { createClientKind, type ClientKind } from '../client-kind.ts'
import type { HttpResponse } from '../raw/http-response-parser.ts'
import { KeepAliveClient } from '../raw/keep-alive-client.ts'
import { requestHead } from '../raw/raw-request.ts'
import { readAnswer } from '../raw/read-answer.ts'
import { RequestFailure } from '../request-failure.ts'

const PIECES = 8
const PIECE = Buffer.alloc(16 * 1024, 'the server discards this ')
/** Milliseconds of an upload. */
const SHORTEST_UPLOAD = 50
const LONGEST_UPLOAD = 500

/** For a note that is not JSON, which the head already shows. */
const REFUSED_STATUS = 415

/**
 * Uploads that the server refuses before their body has arrived, and that the client still sends to the end.
 *
 * The answer must arrive completely: a server that closes with the rest of the body unread resets the connection,
 * and the reset can overtake the answer.
 */
export function earlyAnswers (count: number): ClientKind {
  return createClientKind({ name: 'early answers', count, isQuick: false }, async (loop, { target, timeout }) => {
    const client = new KeepAliveClient(target, timeout)
    const head = requestHead(target, 'PUT', '/note', [
      'Content-Type: application/octet-stream', `Content-Length: ${PIECES * PIECE.length}`
    ])
    await loop.run(async () => {
      const startedAt = performance.now()
      const delay = loop.between(SHORTEST_UPLOAD, LONGEST_UPLOAD) / PIECES
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
  if (status !== REFUSED_STATUS) throw new RequestFailure(`status ${status}`, body.length)
  if (!saysRefused(body.toString())) throw new RequestFailure('wrong content', body.length)
}

function saysRefused (body: string): boolean {
  try {
    return JSON.parse(body).statusCode === REFUSED_STATUS
  } catch {
    return false
  }
}
