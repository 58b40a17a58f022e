import type { ServerResponse } from 'node:http'
import type { ServerHttp2Session } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { DrainLimits, DrainProgress } from '../../protocol/messages.ts'
import { Connection, type DrainedConnection, type TrackedSocket } from './connection.ts'
import { Http2Connection } from './http2-connection.ts'

/** Milliseconds before the kill at which idle connections are closed after all. */
const MARGIN = 1000
/** Milliseconds that a client has to close its side after an answer has closed ours. */
const LINGER = 2000
/** The same for an idle connection, on which nothing is lost any more. */
const IDLE_LINGER = 500
/** Milliseconds between two looks for connections that have been idle long enough. */
const LOOK = 50

interface Limits {
  /** From here on every connection goes that does not answer a request. */
  readonly closeAt: number
  /** Until then its client may close its side. */
  readonly lingerUntil: number
  readonly idleTimeout: number
}

/** What a drain did, for the log. */
export interface DrainReport {
  readonly requests: number
  /** By an answer that said so, or by GOAWAY. */
  readonly closedByUse: number
  /** By the keep-alive timeout or by the client. */
  readonly closedByExpiry: number
  /** By us: near the deadline, or after the idle timeout of a stop. */
  readonly closedAtDeadline: number
  readonly durationMs: number
}

/** The connections of one server, and how they come to an end once it is closing. */
export class Drain {
  isDraining = false
  readonly #connections = new Set<DrainedConnection>()
  readonly #onStart: () => void
  readonly #now: () => number
  #limits: Limits | undefined
  #timer: NodeJS.Timeout | undefined
  #nextLook: NodeJS.Immediate | undefined
  #startedAt = 0
  #requests = 0
  #served = 0
  #closed = { byUse: 0, byExpiry: 0, byUs: 0 }

  /** @param onStart called once, when the server is closed for the first time by whomever */
  constructor (onStart: () => void, now: () => number = performance.now.bind(performance)) {
    this.#onStart = onStart
    this.#now = now
  }

  /** From here on connections come to their end. Idempotent. */
  begin (): void {
    if (this.isDraining) return
    this.#requests = this.progress().requests
    this.isDraining = true
    this.#startedAt = this.#now()
    for (const connection of this.#connections) connection.leave()
    this.#schedule()
    this.#onStart()
  }

  /**
   * Says how long the drain may take; may be said again, before it begins or while it lasts.
   *
   * Without limits only clients and keep-alive timeouts close idle connections.
   */
  limit ({ timeout, idleTimeout = Infinity }: DrainLimits): void {
    const margin = Math.min(MARGIN, timeout / 2)
    const end = this.#now() + timeout
    this.#limits = { closeAt: end - margin, lingerUntil: end - margin / 2, idleTimeout }
    this.#schedule()
  }

  /** Whether it has begun and the last connection has ended. */
  get isDone (): boolean {
    return this.isDraining && this.progress().connections === 0
  }

  /** Requests since the start. */
  get served (): number {
    return this.#served
  }

  progress (): DrainProgress {
    this.#sweep()
    const requests = [...this.#connections].reduce((sum, connection) => sum + connection.requests, 0)
    return { requests, connections: this.#connections.size }
  }

  report (): DrainReport {
    return {
      requests: this.#requests - this.progress().requests,
      closedByUse: this.#closed.byUse,
      closedByExpiry: this.#closed.byExpiry,
      closedAtDeadline: this.#closed.byUs,
      durationMs: Math.round(this.#now() - this.#startedAt)
    }
  }

  add (socket: TrackedSocket): void {
    this.#add(new Connection(socket), socket)
  }

  /** Its handshake is over: what goes on above it is added instead. */
  drop (socket: TrackedSocket): void {
    this.#connections.delete(Connection.of(socket))
  }

  /**
   * Over HTTP/2 nothing has to be used once more before it can say that it ends. Only a session that comes during
   * the drain is left until its first stream: a client may not expect less of a connection that it has just made.
   */
  addSession (session: ServerHttp2Session, socket: TLSSocket): Http2Connection {
    const connection = new Http2Connection(session, socket, {
      stream: () => {
        this.#count()
        if (this.isDraining) connection.leave()
      },
      linger: () => this.#linger(LINGER)
    })
    this.#add(connection, socket)
    return connection
  }

  /** A request was read on this connection, and this will be its answer. */
  received (socket: TrackedSocket, response: ServerResponse): void {
    if (!Connection.of(socket).received(response)) return
    this.#count()
  }

  /** @returns whether the answer that is about to be written has to say that the connection closes */
  closesWith (response: ServerResponse): boolean {
    const connection = Connection.of(response.req.socket)
    if (!connection.mayClose(response)) return false
    connection.closeAfterAnswer(response, () => this.#linger(LINGER))
    return true
  }

  #add (connection: DrainedConnection, socket: TrackedSocket): void {
    this.#connections.add(connection)
    socket.once('close', () => { this.#remove(connection) })
  }

  #count (): void {
    this.#served++
    if (this.isDraining) this.#requests++
  }

  #linger (wanted: number): number {
    const left = (this.#limits?.lingerUntil ?? Infinity) - this.#now()
    return Math.min(wanted, Math.max(0, left))
  }

  /** Connections that have ended, and whose `close` event is yet to come. */
  #sweep (): void {
    for (const connection of this.#connections) {
      if (connection.isClosed) this.#remove(connection)
    }
  }

  #remove (connection: DrainedConnection): void {
    if (!this.#connections.delete(connection) || !this.isDraining) return
    if (connection.ending === 'by use') this.#closed.byUse++
    else if (connection.ending === 'by us') this.#closed.byUs++
    else this.#closed.byExpiry++
  }

  #schedule (): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#nextLook)
    if (!this.isDraining || this.#limits === undefined) return
    const { closeAt, idleTimeout } = this.#limits
    const left = closeAt - this.#now()
    this.#closeIdle(left <= 0, idleTimeout)
    const look = (): void => { this.#schedule() }
    // Timers fire before sockets are read: the next look comes after that.
    this.#timer = setTimeout(() => { this.#nextLook = setImmediate(look) }, Math.max(LOOK, idleTimeout === Infinity ? left : LOOK))
    this.#timer.unref()
  }

  /** @param isOver the deadline is near: everything goes that does not answer a request */
  #closeIdle (isOver: boolean, idleTimeout: number): void {
    const now = this.#now()
    for (const connection of this.#connections) {
      if (connection.ending !== undefined) {
        if (isOver) connection.finishNow()
        continue
      }
      // Never at the first look: a request may be there that nobody has read yet, above all on a connection that has just come.
      const isIdle = connection.idleFor(now) >= Math.max(idleTimeout, LOOK)
      if (isIdle || (isOver && connection.requests === 0)) connection.close(this.#linger(IDLE_LINGER))
    }
  }
}
