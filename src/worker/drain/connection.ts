import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** By the answer that said so, or by us; a connection without one ends by its client or by its timeout. */
export type Ending = 'by use' | 'by us'

/** A connection as a drain sees it, whatever it speaks. */
export interface DrainedConnection {
  readonly ending: Ending | undefined
  /** The `close` event comes later, and later than that of the server. */
  readonly isClosed: boolean
  /** Requests whose answer has not left the process. */
  readonly requests: number
  /** The drain has begun. Says so, if that does not take an answer; may be called again. */
  leave (): void
  /** @returns for how many milliseconds looks have found it idle; -Infinity when it is not */
  idleFor (now: number): number
  /** The deadline is near: nothing is waited for any more but answers. */
  finishNow (): void
  /** @param linger milliseconds that the client has to close its side after we have closed ours */
  close (linger: number): void
}

const CONNECTION = Symbol('baton.connection')

export interface TrackedSocket extends Socket {
  /** On the socket, because every request passes here. */
  [CONNECTION]?: Connection
  /** Node's; null once the socket speaks another protocol. */
  parser?: object | null
}

/** One connection that speaks HTTP/1.1, or has not said yet what it speaks. */
export class Connection implements DrainedConnection {
  readonly #socket: TrackedSocket
  /** In the order of their requests; finished ones go when the next request comes. */
  #answers: ServerResponse[] = []
  /** How much had been read when the newest request had arrived. Undefined: as much as the next look finds. */
  #bytesRead: number | undefined = 0
  /** When a look first found it idle. */
  #idleSince: number | undefined
  #ending: Ending | undefined
  /** An answer during the drain came before its request had been read. */
  #wasEarly = false
  /** The closing answer has been sent, and the rest of its request is still read. */
  #finishLater: (() => void) | undefined

  constructor (socket: TrackedSocket) {
    this.#socket = socket
    socket[CONNECTION] = this
  }

  /** @returns the connection of a socket that a drain was told of */
  static of (socket: TrackedSocket): Connection {
    return socket[CONNECTION] as Connection
  }

  get ending (): Ending | undefined {
    return this.#ending
  }

  get isClosed (): boolean {
    return this.#socket.destroyed
  }

  get requests (): number {
    return this.#answers.filter(isUnderWay).length
  }

  /** @returns whether the request counts: one that was sent after the answer that closes is not processed */
  received (response: ServerResponse): boolean {
    if (this.#ending !== undefined) return false
    // Answers end in the order of their requests. Every request comes here: no new list for each.
    while (this.#answers[0] !== undefined && !isUnderWay(this.#answers[0])) this.#answers.shift()
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
   * One that comes before its request has been read leaves it open, because further requests may be on
   * their way behind the body; only once, or a client that does nothing but upload would hold the drain.
   */
  mayClose (response: ServerResponse): boolean {
    if (!this.#isNewest(response) || response.socket === null) return false
    const isEarly = !hasArrived(response.req)
    const mayClose = !isEarly || this.#wasEarly
    this.#wasEarly ||= isEarly
    return mayClose
  }

  /** HTTP/1.1 says so with an answer. */
  leave (): void {}

  idleFor (now: number): number {
    const isIdle = this.requests === 0 && !this.#isReceiving() && this.#socket.parser !== null
    this.#idleSince = isIdle ? this.#idleSince ?? now : undefined
    return this.#idleSince === undefined ? -Infinity : now - this.#idleSince
  }

  /**
   * The answer that is about to be written says that the connection closes.
   *
   * Node closes it with `destroySoon()`. Whatever the client had sent before it read the answer, the rest
   * of an upload or a further request, would turn that into a reset, and the reset can overtake the answer.
   * So an answer that comes early waits with the close until its request has been read (RFC 9112, section 9.6).
   *
   * @param linger asked when the answer has been sent
   */
  closeAfterAnswer ({ req }: ServerResponse, linger: () => number): void {
    this.#ending = 'by use'
    this.#socket.destroySoon = () => {
      this.#finishLater = (): void => { this.#finish(linger()) }
      if (hasArrived(req)) this.finishNow()
      else req.once('end', () => { this.finishNow() })
    }
  }

  /** Ends the wait for the rest of a request that was answered already. */
  finishNow (): void {
    this.#finishLater?.()
    this.#finishLater = undefined
  }

  close (linger: number): void {
    this.#ending = 'by us'
    this.#finish(linger)
  }

  /** Says FIN and leaves closing to the client, for a while. */
  #finish (linger: number): void {
    this.#socket.end()
    // A timer of its own: an application may listen for `timeout` of its server, and then Node closes nothing.
    const timer = setTimeout(() => { this.#socket.destroy() }, linger)
    timer.unref()
    this.#socket.once('close', () => { clearTimeout(timer) })
  }

  /** Part of a request has been read: the connection is not idle, although nobody works on it. */
  #isReceiving (): boolean {
    // The rest of a body whose answer came early.
    if (this.#answers.at(-1)?.req.complete === false) return true
    this.#bytesRead ??= this.#socket.bytesRead
    return this.#socket.bytesRead > this.#bytesRead
  }
}

/** Whether the whole request has been read. (`complete` is still false while the handler of one without a body runs.) */
function hasArrived (request: IncomingMessage): boolean {
  return request.complete || !hasBody(request)
}

function hasBody ({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

function isUnderWay (response: ServerResponse): boolean {
  return !response.writableFinished && !response.destroyed
}
