import { connect, constants, type ClientHttp2Session } from 'node:http2'
import { DEADLINE } from './wait-until.ts'

/**
 * A client that does what RFC 9113 says of GOAWAY: it continues on another connection, and repeats what was not
 * processed, and nothing else.
 */
export class Http2Client {
  /** Streams that the server has not processed. */
  refused = 0
  sessions = 0
  readonly #url: string
  readonly #ca: string
  #session: ClientHttp2Session | undefined

  constructor (url: string, ca: string) {
    this.#url = url
    this.#ca = ca
  }

  async get (path: string): Promise<string> {
    for (;;) {
      const body = await this.#try(path)
      if (body !== undefined) return body
      this.refused++
    }
  }

  close (): void {
    this.#session?.close()
  }

  destroy (): void {
    this.#session?.destroy()
  }

  #connect (): ClientHttp2Session {
    if (this.#session === undefined || this.#session.closed || this.#session.destroyed) {
      this.sessions++
      this.#session = connect(this.#url, { ca: this.#ca })
      // Its streams get the error as well.
      this.#session.on('error', () => {})
    }
    return this.#session
  }

  /** @returns undefined when the stream was not processed */
  async #try (path: string): Promise<string | undefined> {
    const stream = this.#connect().request({ ':path': path })
    return await new Promise((resolve, reject) => {
      let body = ''
      let status = 0
      stream.setTimeout(DEADLINE, () => { stream.destroy(new Error(`no answer within ${DEADLINE} ms`)) })
      stream.setEncoding('utf8')
      stream.on('response', (headers) => { status = Number(headers[':status']) })
      stream.on('data', (text) => { body += String(text) })
      stream.on('error', (error) => { if (stream.rstCode !== constants.NGHTTP2_REFUSED_STREAM) reject(error) })
      stream.on('close', () => {
        if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) resolve(undefined)
        else if (status === 200 && stream.readableEnded) resolve(body)
        else reject(new Error(`status ${status}, code ${stream.rstCode} after ${JSON.stringify(body)}`))
      })
    })
  }
}
