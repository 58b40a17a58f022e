import { constants, type ServerHttp2Session } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { DrainedConnection, Ending } from './connection.ts'

/** The greatest stream there may be: the first GOAWAY says that no stream is refused by it. */
const ANY_STREAM = 2 ** 31 - 1
/** Milliseconds from the first GOAWAY, which asks for no further streams, to the second, which names the last one served. */
const PAUSE = 100

export interface Http2ConnectionEvents {
  /** A stream has come that is being served. */
  readonly stream: () => void
  /** @returns milliseconds that the client has to close its side after we have closed ours */
  readonly linger: () => number
}

/**
 * An HTTP/2 session as a drain sees it.
 *
 * It can say at any time that it ends, and which was the last stream that it served (RFC 9113, section 6.8).
 * Clients repeat the others, which were not processed.
 */
export class Http2Connection implements DrainedConnection {
  readonly #session: ServerHttp2Session
  readonly #socket: TLSSocket
  #streams = 0
  #idleSince: number | undefined
  #ending: Ending | undefined
  #secondStep: NodeJS.Timeout | undefined
  #end: NodeJS.Timeout | undefined

  constructor (session: ServerHttp2Session, socket: TLSSocket, { stream: onStream, linger }: Http2ConnectionEvents) {
    this.#session = session
    this.#socket = socket
    session.on('stream', (stream) => {
      this.#streams++
      this.#idleSince = undefined
      stream.once('close', () => { this.#streams-- })
      onStream()
    })
    // Node has said FIN, and would wait for the client's for as long as it takes.
    socket.once('finish', () => { this.#destroyAfter(linger()) })
    socket.once('close', () => {
      clearTimeout(this.#secondStep)
      clearTimeout(this.#end)
    })
  }

  get ending (): Ending | undefined {
    return this.#ending
  }

  get isClosed (): boolean {
    return this.#socket.destroyed
  }

  get requests (): number {
    return this.#streams
  }

  idleFor (now: number): number {
    this.#idleSince = this.requests === 0 ? this.#idleSince ?? now : undefined
    return this.#idleSince === undefined ? -Infinity : now - this.#idleSince
  }

  leave (): void {
    if (this.#ending !== undefined) return
    this.#ending = 'by use'
    this.#sayGoaway()
  }

  /** It has been idle for the keep-alive timeout. */
  expire (): void {
    this.#sayGoaway()
  }

  finishNow (): void {
    this.#session.close()
  }

  close (linger: number): void {
    this.#ending = 'by us'
    this.#session.close()
    // Also when the client reads nothing any more, and FIN never leaves.
    this.#destroyAfter(linger)
  }

  #sayGoaway (): void {
    if (this.#session.closed || this.#session.destroyed || this.#secondStep !== undefined) return
    this.#session.goaway(constants.NGHTTP2_NO_ERROR, ANY_STREAM)
    // It says the second GOAWAY, and FIN once the last stream has ended. Not unref'd: of a client that has gone in
    // the middle of it Node reads nothing any more, and nobody else would end its session.
    this.#secondStep = setTimeout(() => { this.#session.close() }, PAUSE)
  }

  #destroyAfter (linger: number): void {
    clearTimeout(this.#end)
    // Not unref'd, for the same reason.
    this.#end = setTimeout(() => { this.#socket.destroy() }, linger)
  }
}
