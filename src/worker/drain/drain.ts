import type { ServerResponse } from 'node:http'
import type { ServerHttp2Session } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { DrainLimits, DrainProgress } from '../../protocol/messages.ts'
import { Connection, type DrainedConnection, type TrackedSocket } from './connection.ts'
import { Http2Connection } from './http2-connection.ts'

/** Milliseconds before the worker is killed at which the remaining idle connections are closed. */
const CLOSE_MARGIN = 1000
/** Milliseconds that a client has to close its side after an answer has closed ours. */
const LINGER_TIMEOUT = 2000
/** The same for an idle connection, on which there is nothing left to lose. */
const IDLE_LINGER_TIMEOUT = 500
/** Milliseconds between two checks for connections that have been idle long enough. */
const IDLE_CHECK_INTERVAL = 50

interface Limits {
  /** From then on every connection without a request in flight is closed. */
  readonly closeAt: number
  /** Until then clients may take their time to close their side. */
  readonly lingerUntil: number
  readonly idleTimeout: number
}

/** What a drain did, for the log. */
export interface DrainReport {
  readonly requests: number
  /** Announced in an answer or by GOAWAY. */
  readonly closedByUse: number
  /** By the keep-alive timeout or by the client. */
  readonly closedByExpiry: number
  /** By us: near the deadline, or after the idle timeout of a stop. */
  readonly closedAtDeadline: number
  readonly durationMs: number
}

/** The connections of one server, and how each of them ends once the server is closing. */
export class Drain {
  isDraining = false
  readonly #connections = new Set<DrainedConnection>()
  readonly #onBegin: () => void
  readonly #now: () => number
  #limits: Limits | undefined
  #checkTimer: NodeJS.Timeout | undefined
  #nextCheck: NodeJS.Immediate | undefined
  #beganAt = 0
  #requests = 0
  #served = 0
  #closed = { byUse: 0, byExpiry: 0, atDeadline: 0 }

  /** @param onBegin called once, on the first `close()` of the server, whether cluster, Fastify or Baton calls it */
  constructor (onBegin: () => void, now: () => number = performance.now.bind(performance)) {
    this.#onBegin = onBegin
    this.#now = now
  }

  /** Starts to close the connections. Idempotent. */
  begin (): void {
    if (this.isDraining) return
    this.#requests = this.progress().requests
    this.isDraining = true
    this.#beganAt = this.#now()
    for (const connection of this.#connections) connection.announceClose()
    this.#check()
    this.#onBegin()
  }

  /**
   * Sets how long the drain may take. May be called again, before the drain begins or during it.
   *
   * Without limits only clients and keep-alive timeouts close idle connections.
   */
  setLimits ({ timeout, idleTimeout = Infinity }: DrainLimits): void {
    const margin = Math.min(CLOSE_MARGIN, timeout / 2)
    const end = this.#now() + timeout
    this.#limits = { closeAt: end - margin, lingerUntil: end - margin / 2, idleTimeout }
    this.#check()
  }

  /** Whether it has begun and the last connection has ended. */
  get isDone (): boolean {
    return this.isDraining && this.progress().connections === 0
  }

  /** Requests since the start of the process. */
  get served (): number {
    return this.#served
  }

  progress (): DrainProgress {
    this.#removeClosed()
    const requests = [...this.#connections].reduce((sum, connection) => sum + connection.requests, 0)
    return { requests, connections: this.#connections.size }
  }

  report (): DrainReport {
    return {
      requests: this.#requests - this.progress().requests,
      closedByUse: this.#closed.byUse,
      closedByExpiry: this.#closed.byExpiry,
      closedAtDeadline: this.#closed.atDeadline,
      durationMs: Math.round(this.#now() - this.#beganAt)
    }
  }

  add (socket: TrackedSocket): void {
    this.#add(new Connection(socket), socket)
  }

  /** Its TLS handshake is over: the connection on top of it is added instead. */
  forget (socket: TrackedSocket): void {
    this.#connections.delete(Connection.of(socket))
  }

  /**
   * Over HTTP/2 the close can be announced at any time, without an answer. Only a session that comes during the
   * drain is left alone until its first stream: a client may expect that much of a connection that it has just made.
   */
  addSession (session: ServerHttp2Session, socket: TLSSocket): Http2Connection {
    const connection = new Http2Connection(session, socket, {
      onStream: () => {
        this.#countRequest()
        if (this.isDraining) connection.announceClose()
      },
      linger: () => this.#linger(LINGER_TIMEOUT)
    })
    this.#add(connection, socket)
    return connection
  }

  /** A request was read on this connection, and `response` will be its answer. */
  addRequest (socket: TrackedSocket, response: ServerResponse): void {
    if (!Connection.of(socket).addRequest(response)) return
    this.#countRequest()
  }

  /** @returns whether the answer that is about to be written closes its connection, and therefore has to announce it */
  closesWith (response: ServerResponse): boolean {
    const connection = Connection.of(response.req.socket)
    if (!connection.mayClose(response)) return false
    connection.closeAfterAnswer(response, () => this.#linger(LINGER_TIMEOUT))
    return true
  }

  #add (connection: DrainedConnection, socket: TrackedSocket): void {
    this.#connections.add(connection)
    socket.once('close', () => { this.#remove(connection) })
  }

  #countRequest (): void {
    this.#served++
    if (this.isDraining) this.#requests++
  }

  #linger (timeout: number): number {
    const left = (this.#limits?.lingerUntil ?? Infinity) - this.#now()
    return Math.min(timeout, Math.max(0, left))
  }

  /** Removes connections that have ended, but whose `close` event is still to come. */
  #removeClosed (): void {
    for (const connection of this.#connections) {
      if (connection.isClosed) this.#remove(connection)
    }
  }

  #remove (connection: DrainedConnection): void {
    if (!this.#connections.delete(connection) || !this.isDraining) return
    const { closeReason } = connection
    switch (closeReason) {
      case 'announced': this.#closed.byUse++; break
      case 'deadline': this.#closed.atDeadline++; break
      case undefined: this.#closed.byExpiry++; break
      /* c8 ignore next -- there is no other reason */
      default: closeReason satisfies never
    }
  }

  /** Closes what is due, and schedules the next check. */
  #check (): void {
    clearTimeout(this.#checkTimer)
    clearImmediate(this.#nextCheck)
    if (!this.isDraining || this.#limits === undefined) return
    const { closeAt, idleTimeout } = this.#limits
    const left = closeAt - this.#now()
    this.#closeIdle(left <= 0, idleTimeout)
    const check = (): void => { this.#check() }
    const delay = Math.max(IDLE_CHECK_INTERVAL, idleTimeout === Infinity ? left : IDLE_CHECK_INTERVAL)
    // Timers fire before sockets are read: check after that.
    this.#checkTimer = setTimeout(() => { this.#nextCheck = setImmediate(check) }, delay)
    this.#checkTimer.unref()
  }

  /** @param isNearDeadline closes all connections without a request in flight, however short they have been idle */
  #closeIdle (isNearDeadline: boolean, idleTimeout: number): void {
    const now = this.#now()
    for (const connection of this.#connections) {
      if (connection.closeReason !== undefined) {
        if (isNearDeadline) connection.finishNow()
        continue
      }
      // Never on the first check: a request may have arrived and not been read yet, most likely on a new connection.
      const isIdle = connection.idleFor(now) >= Math.max(idleTimeout, IDLE_CHECK_INTERVAL)
      if (isIdle || (isNearDeadline && connection.requests === 0)) connection.close(this.#linger(IDLE_LINGER_TIMEOUT))
    }
  }
}
