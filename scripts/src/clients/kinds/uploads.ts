import { createClientKind, type ClientKind } from '../client-kind.ts'
import { KeepAliveClient } from '../raw/keep-alive-client.ts'
import { requestHead } from '../raw/raw-request.ts'
import { expectBody, readAnswer } from '../raw/read-answer.ts'

const PIECES = 8
const PIECE_LENGTH = 4096
/** Milliseconds of an upload. */
const SHORTEST_UPLOAD = 200
const LONGEST_UPLOAD = 1000

/**
 * Bodies that arrive in pieces over 0.2 to 1 s and must come back unchanged; half of them have a length, half
 * are chunked. These are requests that have partly arrived when a reload begins.
 */
export function uploads (count: number): ClientKind {
  return createClientKind({ name: 'slow uploads', count, isQuick: false }, async (loop, { target, timeout }, index) => {
    const client = new KeepAliveClient(target, timeout)
    let turn = 0
    await loop.run(async () => {
      const startedAt = performance.now()
      // No two are alike, so that a mix-up is noticed.
      const body = Buffer.alloc(PIECES * PIECE_LENGTH, `upload ${turn} of client ${index}, `)
      const isChunked = turn++ % 2 === 1
      const delay = loop.between(SHORTEST_UPLOAD, LONGEST_UPLOAD) / PIECES
      const connection = await client.connection()

      connection.request(requestHead(target, 'POST', '/echo', [
        'Content-Type: application/octet-stream',
        isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`
      ]))
      for (let offset = 0; offset < body.length; offset += PIECE_LENGTH) {
        await loop.pause(delay)
        if (!connection.isReusable) break
        const piece = body.subarray(offset, offset + PIECE_LENGTH)
        connection.write(isChunked ? toChunk(piece) : piece)
      }
      if (isChunked) connection.write('0\r\n\r\n')

      await readAnswer(connection, timeout, expectBody(body))
      loop.answered(startedAt)
    })
    client.close()
  })
}

function toChunk (piece: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')])
}
