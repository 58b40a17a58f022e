import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Why a drain closes a connection: announced to the client in an answer or by GOAWAY, or forced by a deadline (that
 * of the drain, or the idle timeout of a stop). Without a reason, the client or the keep-alive timeout closes it.
 */
export type CloseReason = 'announced' | 'deadline'

/** A connection as a drain sees it, whatever its protocol. */
export interface DrainedConnection {
  readonly closeReason: CloseReason | undefined
  /** Known before the `close` event of the socket, which comes after that of the server. */
  readonly isClosed: boolean
  /** Requests whose answer has not left the process. */
  readonly requests: number
  /** Tells the client that the connection will close, if the protocol needs no answer for that. Idempotent. */
  announceClose (): void
  /** @returns milliseconds since a check first found it idle; -Infinity when it is not idle */
  idleFor (now: number): number
  /** The deadline is near: stops waiting for anything but answers. */
  finishNow (): void
  /** @param linger milliseconds that the client has to close its side after we have closed ours */
  close (linger: number): void
}

const CONNECTION = Symbol('baton.connection')

export interface TrackedSocket extends Socket {
  /** A property of the socket, because it is looked up for every request. */
  [CONNECTION]?: Connection
  /** Node's; null once the socket speaks another protocol. */
  parser?: object | null
}

/** A connection that speaks HTTP/1.1, or has not sent enough to tell. */
export class Connection implements DrainedConnection {
  readonly #socket: TrackedSocket
  /** In the order of their requests; finished ones are removed when the next request comes. */
  #answers: ServerResponse[] = []
  /** Bytes that had been read when the newest request had arrived. Undefined: the next check sets it. */
  #bytesRead: number | undefined = 0
  /** When a check first found it idle. */
  #idleSince: number | undefined
  #closeReason: CloseReason | undefined
  /** An answer during the drain came before its request had been read. */
  #wasEarly = false
  /** Set once the closing answer has been sent, until the rest of its request has been read. */
  #pendingFinish: (() => void) | undefined

  constructor (socket: TrackedSocket) {
    this.#socket = socket
    socket[CONNECTION] = this
  }

  /** @returns the connection of a socket that was added to a drain */
  static of (socket: TrackedSocket): Connection {
    return socket[CONNECTION] as Connection
  }

  get closeReason (): CloseReason | undefined {
    return this.#closeReason
  }

  get isClosed (): boolean {
    return this.#socket.destroyed
  }

  get requests (): number {
    return this.#answers.filter(isInFlight).length
  }

  /** @returns whether the request counts: one that was sent after the closing answer is not processed */
  addRequest (response: ServerResponse): boolean {
    if (this.#closeReason !== undefined) return false
    // Answers end in the order of their requests. This runs for every request: do not allocate a new list each time.
    while (this.#answers[0] !== undefined && !isInFlight(this.#answers[0])) this.#answers.shift()
    this.#answers.push(response)
    this.#bytesRead = hasBody(response.req) ? undefined : this.#socket.bytesRead
    this.#idleSince = undefined
    return true
  }

  /** No further request has arrived since the one that this answers. */
  #isNewest (response: ServerResponse): boolean {
    return this.#answers.at(-1) === response
  }

  /**
   * Whether this answer may close the connection.
   *
   * An answer that comes before its request has been read leaves it open, because further requests may be on
   * their way behind the body. This is allowed once: otherwise a client that only uploads would hold up the drain.
   */
  mayClose (response: ServerResponse): boolean {
    if (!this.#isNewest(response) || response.socket === null) return false
    const isEarly = !isReceived(response.req)
    const mayClose = !isEarly || this.#wasEarly
    this.#wasEarly ||= isEarly
    return mayClose
  }

  /** HTTP/1.1 can only announce it in an answer. */
  announceClose (): void {}

  idleFor (now: number): number {
    const isIdle = this.requests === 0 && !this.#isReceiving() && this.#socket.parser !== null
    this.#idleSince = isIdle ? this.#idleSince ?? now : undefined
    return this.#idleSince === undefined ? -Infinity : now - this.#idleSince
  }

  /**
   * Closes the connection after the answer that is about to be written, which must announce it.
   *
   * Node would close it with `destroySoon()`. If the client had sent more before it read the answer (the rest
   * of an upload, or a further request), this would reset the connection, and the reset can overtake the answer.
   * So after an early answer the close waits until the request has been read (RFC 9112, section 9.6).
   *
   * @param linger called when the answer has been sent
   */
  closeAfterAnswer ({ req }: ServerResponse, linger: () => number): void {
    this.#closeReason = 'announced'
    this.#socket.destroySoon = () => {
      this.#pendingFinish = (): void => { this.#finish(linger()) }
      if (isReceived(req)) this.finishNow()
      else req.once('end', () => { this.finishNow() })
    }
  }

  /** Stops waiting for the rest of a request that has already been answered. */
  finishNow (): void {
    this.#pendingFinish?.()
    this.#pendingFinish = undefined
  }

  close (linger: number): void {
    this.#closeReason = 'deadline'
    this.#finish(linger)
  }

  /** Sends FIN, then gives the client `linger` milliseconds to close its side. */
  #finish (linger: number): void {
    this.#socket.end()
    // Not `socket.setTimeout()`: Node closes nothing when the application listens for `timeout` on its server.
    const timer = setTimeout(() => { this.#socket.destroy() }, linger)
    timer.unref()
    this.#socket.once('close', () => { clearTimeout(timer) })
  }

  /** Part of a request has been read: the connection is not idle, although no handler is running. */
  #isReceiving (): boolean {
    // The rest of a body that was answered early.
    if (this.#answers.at(-1)?.req.complete === false) return true
    this.#bytesRead ??= this.#socket.bytesRead
    return this.#socket.bytesRead > this.#bytesRead
  }
}

/** Whether the whole request has been read. (Without a body, `complete` is still false while the handler runs.) */
function isReceived (request: IncomingMessage): boolean {
  return request.complete || !hasBody(request)
}

function hasBody ({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function isInFlight (response: ServerResponse): boolean {
  return !response.writableFinished && !response.destroyed
}
