import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { DrainLimits, DrainProgress } from '../messages.ts'

/** Milliseconds before the kill at which idle connections are closed after all. */
const MARGIN = 1000
/** Milliseconds that a client has to close its side after we have closed ours. */
const LINGER = 2000
/** Milliseconds between two looks for connections that have been idle long enough. */
const LOOK = 50

const STATE = Symbol('baton.connection')

/** What the drain knows of a connection; on the socket, because every request passes here. */
interface ConnectionState {
  /** Answer to the newest request, if any came. */
  newest: ServerResponse | undefined
  /** How it will end: by the answer that says so, or by us. Undefined: by its client or its timeout. */
  ending: 'by use' | 'by us' | undefined
  /** When a look first found it idle, and what had been read by then. */
  idle: { since: number, bytesRead: number, newest: ServerResponse | undefined } | undefined
}

export interface TrackedSocket extends Socket {
  [STATE]?: ConnectionState
}

/** What a drain did, for the log. */
export interface DrainReport {
  readonly requests: number
  readonly closedByUse: number
  /** By the keep-alive timeout or by the client. */
  readonly closedByExpiry: number
  readonly closedAtDeadline: number
  readonly durationMs: number
}

/** The connections of one server, and how they come to an end once it is closing. */
export class Drain {
  isDraining = false
  readonly #sockets = new Set<TrackedSocket>()
  readonly #onStart: () => void
  readonly #now: () => number
  #limits: { deadline: number, idleTimeout: number } | undefined
  #timer: NodeJS.Timeout | undefined
  #startedAt = 0
  #requests = 0
  #closed = { byUse: 0, byExpiry: 0, byUs: 0 }

  /** @param onStart called once, when the server is closed for the first time by whomever */
  constructor (onStart: () => void, now: () => number = performance.now.bind(performance)) {
    this.#onStart = onStart
    this.#now = now
  }

  /** From here on connections come to their end. Idempotent. */
  begin (): void {
    if (this.isDraining) return
    this.isDraining = true
    this.#startedAt = this.#now()
    this.#requests = this.progress().requests
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
    this.#limits = { deadline: this.#now() + timeout - margin, idleTimeout }
    this.#schedule()
  }

  /** Whether it has begun and the last connection has ended. */
  get isDone (): boolean {
    return this.isDraining && this.#sockets.size === 0
  }

  progress (): DrainProgress {
    const requests = [...this.#sockets].filter(isBusy).length
    return { requests, connections: this.#sockets.size }
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
    const state: ConnectionState = { newest: undefined, ending: undefined, idle: undefined }
    socket[STATE] = state
    this.#sockets.add(socket)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      if (this.isDraining) this.#count(state)
    })
  }

  /** A request was read on this connection, and this will be its answer. */
  received (socket: TrackedSocket, response: ServerResponse): void {
    const state = socket[STATE]
    if (state !== undefined) state.newest = response
    if (this.isDraining) this.#requests++
  }

  /** Whether no further request has arrived on the connection since the one that this answers. */
  isNewest (socket: TrackedSocket, response: ServerResponse): boolean {
    return socket[STATE]?.newest === response
  }

  /**
   * The answer that is about to be written says that the connection closes.
   *
   * Node closes it with `destroySoon()`. Requests that the client had sent before it read the answer
   * would turn that into a reset, and the reset can overtake the answer. So we say FIN and leave
   * closing to the client, for a while.
   */
  closeAfterAnswer (socket: TrackedSocket): void {
    const state = socket[STATE]
    if (state !== undefined) state.ending = 'by use'
    socket.destroySoon = () => { this.#finish(socket, LINGER) }
  }

  #finish (socket: Socket, linger: number): void {
    socket.end()
    // http destroys a socket that times out.
    socket.setTimeout(linger)
  }

  #count ({ ending }: ConnectionState): void {
    if (ending === 'by use') this.#closed.byUse++
    else if (ending === 'by us') this.#closed.byUs++
    else this.#closed.byExpiry++
  }

  #schedule (): void {
    clearTimeout(this.#timer)
    if (!this.isDraining || this.#limits === undefined) return
    const { deadline, idleTimeout } = this.#limits
    const left = deadline - this.#now()
    this.#closeIdle(left <= 0, idleTimeout)
    this.#timer = setTimeout(() => { this.#schedule() }, Math.max(LOOK, idleTimeout === Infinity ? left : LOOK))
    this.#timer.unref()
  }

  /** @param isOver the deadline is near: everything goes that does not answer a request */
  #closeIdle (isOver: boolean, idleTimeout: number): void {
    const now = this.#now()
    for (const socket of this.#sockets) {
      const state = socket[STATE] as ConnectionState
      if (state.ending !== undefined || isBusy(socket)) continue
      if (state.idle?.newest !== state.newest) state.idle = undefined
      const isReceiving = isReceivingRequest(socket, state)
      state.idle ??= { since: now, bytesRead: socket.bytesRead, newest: state.newest }
      if (isOver || (!isReceiving && now - state.idle.since >= idleTimeout)) {
        state.ending = 'by us'
        this.#finish(socket, MARGIN / 2)
      }
    }
  }
}

/** A request is being answered, or its answer has not left the process. */
function isBusy (socket: TrackedSocket): boolean {
  const newest = socket[STATE]?.newest
  return newest !== undefined && !newest.writableFinished && !newest.destroyed
}

/** Part of a request has been read: the connection is not idle, although nobody works on it. */
function isReceivingRequest (socket: Socket, { newest, idle }: ConnectionState): boolean {
  return socket.bytesRead > (idle?.bytesRead ?? (newest === undefined ? 0 : Infinity))
}
