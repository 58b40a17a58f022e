import { constants, type ServerHttp2Session } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { CloseReason, DrainedConnection } from './connection.ts'

/** As the last stream of the first GOAWAY, it says that no stream is refused yet. */
const MAX_STREAM_ID = 2 ** 31 - 1
/** Milliseconds from the first GOAWAY, which asks for no further streams, to the second, with the last one served. */
const SECOND_GOAWAY_DELAY = 100

export interface Http2ConnectionOptions {
  /** Called when a stream has come that is being served. */
  readonly onStream: () => void
  /** @returns milliseconds that the client has to close its side after we have closed ours */
  readonly linger: () => number
}

/**
 * An HTTP/2 session as a drain sees it.
 *
 * It can announce at any time that it ends, and which stream was the last one it served (RFC 9113, section 6.8).
 * Clients repeat the others, which were not processed.
 */
export class Http2Connection implements DrainedConnection {
  readonly #session: ServerHttp2Session
  readonly #socket: TLSSocket
  #streams = 0
  #idleSince: number | undefined
  #closeReason: CloseReason | undefined
  #secondGoawayTimer: NodeJS.Timeout | undefined
  #destroyTimer: NodeJS.Timeout | undefined

  constructor (session: ServerHttp2Session, socket: TLSSocket, { onStream, linger }: Http2ConnectionOptions) {
    this.#session = session
    this.#socket = socket
    session.on('stream', (stream) => {
      this.#streams++
      this.#idleSince = undefined
      stream.once('close', () => { this.#streams-- })
      onStream()
    })
    // Node has sent FIN, and would wait for that of the client without a limit.
    socket.once('finish', () => { this.#destroyAfter(linger()) })
    socket.once('close', () => {
      clearTimeout(this.#secondGoawayTimer)
      clearTimeout(this.#destroyTimer)
    })
  }

  get closeReason (): CloseReason | undefined {
    return this.#closeReason
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

  announceClose (): void {
    if (this.#closeReason !== undefined) return
    this.#closeReason = 'announced'
    this.#sendGoaway()
  }

  /** It has been idle for the keep-alive timeout. */
  expire (): void {
    this.#sendGoaway()
  }

  finishNow (): void {
    this.#session.close()
  }

  close (linger: number): void {
    this.#closeReason = 'deadline'
    this.#session.close()
    // `finish` may never come: a client that has stopped reading keeps FIN from being sent.
    this.#destroyAfter(linger)
  }

  #sendGoaway (): void {
    if (this.#session.closed || this.#session.destroyed || this.#secondGoawayTimer !== undefined) return
    this.#session.goaway(constants.NGHTTP2_NO_ERROR, MAX_STREAM_ID)
    // `close()` sends the second GOAWAY, and FIN once the last stream has ended. Not unref'd: if the client
    // disappears in between, Node stops reading from it, and only this timer ends the session.
    this.#secondGoawayTimer = setTimeout(() => { this.#session.close() }, SECOND_GOAWAY_DELAY)
  }

  #destroyAfter (linger: number): void {
    clearTimeout(this.#destroyTimer)
    // Not unref'd, for the same reason.
    this.#destroyTimer = setTimeout(() => { this.#socket.destroy() }, linger)
  }
}
