import { constants, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2'

import { WORKER_HEADER } from '../connection-trace.ts'
import { RequestFailure } from '../request-failure.ts'
import type { Session } from './http2-session.ts'

const { HTTP2_HEADER_METHOD, HTTP2_HEADER_PATH, HTTP2_HEADER_STATUS, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM, NGHTTP2_CANCEL } = constants

export interface Http2Answer {
  readonly status: number
  readonly body: Buffer
}

/**
 * Makes one request on an HTTP/2 connection.
 *
 * @param body makes it a POST
 * @param timeout milliseconds until the whole answer must be there
 * @returns undefined when the server reports that it has not processed the request: the stream was refused, or is
 * above the last one that its GOAWAY names. Other clients would repeat it (RFC 9113, section 8.7).
 * @throws RequestFailure with its connection
 */
export async function exchange (
  { http2, trace }: Session, path: string, body: Buffer | undefined, timeout: number
): Promise<Http2Answer | undefined> {
  const stream = http2.request({
    [HTTP2_HEADER_METHOD]: body === undefined ? 'GET' : 'POST',
    [HTTP2_HEADER_PATH]: path,
    // Fastify assumes that a request with neither a type nor a length has no body.
    ...body === undefined ? {} : { 'content-type': 'application/octet-stream', 'content-length': body.length }
  }, { endStream: body === undefined })
  trace.sentAt = performance.now()
  if (body !== undefined) stream.end(body)

  const pieces: Buffer[] = []
  let headers: IncomingHttpHeaders | undefined
  let isComplete = false
  let isLate = false
  let bytes = 0
  const deadline = setTimeout(() => {
    isLate = true
    stream.close(NGHTTP2_CANCEL)
  }, timeout)
  stream.on('response', (received) => { headers = received })
  stream.on('data', (piece: Buffer) => {
    pieces.push(piece)
    bytes += piece.length
  })
  stream.on('end', () => { isComplete = true })
  // `rstCode` has its code.
  stream.on('error', () => {})
  await new Promise<void>((resolve) => { stream.once('close', resolve) })
  clearTimeout(deadline)

  if (stream.rstCode === NGHTTP2_REFUSED_STREAM) return undefined
  const status = Number(headers?.[HTTP2_HEADER_STATUS])
  if (stream.rstCode === NGHTTP2_NO_ERROR && isComplete && headers !== undefined && !isLate) {
    const worker = headers[WORKER_HEADER]
    if (typeof worker === 'string') trace.worker = worker
    return { status, body: Buffer.concat(pieces) }
  }
  const failure = new RequestFailure(isLate ? 'timeout' : reasonOf(stream, bytes), bytes)
  failure.connection = { ...trace }
  throw failure
}

function reasonOf ({ rstCode }: ClientHttp2Stream, bytes: number): string {
  // Node's codes for a stream whose connection ended.
  if (rstCode === NGHTTP2_NO_ERROR || rstCode === NGHTTP2_CANCEL) return bytes === 0 ? 'closed without an answer' : 'cut answer'
  return `stream reset by code ${rstCode}`
}
