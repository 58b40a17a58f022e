import type { Socket } from 'node:net'

import { startTrace, WORKER_HEADER, type ConnectionTrace } from '../connection-trace.ts'
import { RequestFailure, toRequestFailure } from '../request-failure.ts'
import type { Target } from '../target.ts'
import { HttpResponseParser, type HttpResponse, type PendingResponse } from './http-response-parser.ts'
import { openSocket } from './open-socket.ts'

interface Waiter {
  readonly isEnough: (pending: PendingResponse) => boolean
  readonly resolve: () => void
  readonly reject: (failure: RequestFailure) => void
}

/**
 * One HTTP/1.1 connection that hides nothing: it never repeats a request and never opens a second socket.
 *
 * A FIN while no answer is owed only makes it not reusable. A reset or unexpected bytes are a failure even
 * then. (Node shows a reset that arrives together with data as a FIN: libuv ends the stream after the data
 * when the system reports that the other side has hung up.)
 */
export class Connection {
  /** When it was opened, of `performance.now()`. */
  readonly openedAt: number
  /** Its history so far. */
  readonly trace: ConnectionTrace
  readonly #socket: Socket
  readonly #parser = new HttpResponseParser()
  /** Read, but not taken by `next()` yet. */
  readonly #responses: HttpResponse[] = []
  /** How many requests have no answer yet. */
  #owed = 0
  #isOver = false
  #answeredAt: number | undefined
  #keepAliveHint: number | undefined
  #failure: RequestFailure | undefined
  #waiter: Waiter | undefined

  /**
   * @param timeout milliseconds
   * @throws RequestFailure when the connection is refused or takes too long
   */
  static async open (target: Target, timeout: number): Promise<Connection> {
    const openedAt = performance.now()
    return await openSocket(target, timeout, (socket) => new Connection(socket, openedAt))
  }

  private constructor (socket: Socket, openedAt: number) {
    this.openedAt = openedAt
    this.trace = startTrace(openedAt, socket)
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => { this.#read(bytes) })
    socket.on('end', () => { this.#end() })
    socket.on('close', () => { this.#end() })
    socket.on('error', (error) => { this.#fail(toRequestFailure(error, this.#parser.pendingBytes)) })
  }

  /** Whether a further request may be sent. */
  get isReusable (): boolean {
    return !this.#isOver
  }

  /** What has arrived of the answer that is being read. */
  get pending (): PendingResponse {
    return this.#parser
  }

  /** How long it may be idle according to the last answer, in milliseconds; undefined when there was no hint. */
  get keepAliveHint (): number | undefined {
    return this.#keepAliveHint
  }

  /** @returns milliseconds since the last answer; 0 before the first */
  idleFor (now: number): number {
    return this.#answeredAt === undefined ? 0 : now - this.#answeredAt
  }

  /**
   * Reports what no `next()` can, because no answer was owed.
   *
   * @throws RequestFailure when the connection was reset, or received unexpected bytes
   */
  assertSound (): void {
    if (this.#owed === 0 && this.#failure !== undefined) throw this.#failure
  }

  /** Sends complete requests, or the first piece of one; call `next()` once for each of them. */
  request (bytes: string | Buffer, count = 1): void {
    this.#owed += count
    this.trace.sentAt = performance.now()
    this.#socket.write(bytes)
  }

  /** Sends a further piece of a request. */
  write (bytes: string | Buffer): void {
    if (!this.#isOver) this.#socket.write(bytes)
  }

  /**
   * @param timeout milliseconds
   * @returns the next answer
   * @throws RequestFailure when it does not arrive completely
   */
  async next (timeout: number): Promise<HttpResponse> {
    await this.until(() => false, timeout)
    return this.#responses.shift() as HttpResponse
  }

  /**
   * Waits until enough of the next answer has arrived, or all of it.
   *
   * @param timeout milliseconds
   * @throws RequestFailure as `next()` does
   */
  async until (isEnough: (pending: PendingResponse) => boolean, timeout: number): Promise<void> {
    if (this.#responses.length > 0) return
    if (this.#failure !== undefined) throw this.#failure
    if (this.#isOver) throw this.#traced(new RequestFailure('closed without an answer'))
    if (isEnough(this.#parser)) return

    const deadline = setTimeout(() => {
      this.#fail(new RequestFailure('timeout', this.#parser.pendingBytes))
    }, timeout)
    try {
      await new Promise<void>((resolve, reject) => { this.#waiter = { isEnough, resolve, reject } })
    } finally {
      clearTimeout(deadline)
    }
  }

  close (): void {
    this.#isOver = true
    this.#socket.destroy()
  }

  #read (bytes: Buffer): void {
    if (this.#isOver) return
    if (this.#owed === 0) {
      this.#fail(new RequestFailure('unexpected bytes', bytes.length))
      return
    }
    try {
      for (const response of this.#parser.push(bytes)) this.#take(response)
      if (this.#owed === 0 && this.#parser.pendingBytes > 0 && !this.#isOver) {
        this.#fail(new RequestFailure('unexpected bytes', this.#parser.pendingBytes))
      }
      this.#deliver()
    } catch (error) {
      this.#fail(toRequestFailure(error, this.#parser.pendingBytes))
    }
  }

  #take (response: HttpResponse): void {
    if (this.#owed === 0) {
      this.#fail(new RequestFailure('unexpected bytes', response.body.length))
      return
    }
    this.#owed--
    this.trace.worker = response.headers.get(WORKER_HEADER) ?? this.trace.worker
    this.#answeredAt = performance.now()
    this.#keepAliveHint = readHint(response.headers)
    this.#responses.push(response)
    if (response.closes) {
      this.#isOver = true
      if (this.#owed > 0) this.#failure = this.#traced(new RequestFailure('closed by an earlier answer'))
      this.#socket.destroy()
    }
    this.#deliver()
  }

  #end (): void {
    if (this.#isOver) return
    this.trace.closedAt = performance.now()
    const last = this.#parser.finish()
    if (last !== undefined) {
      this.#take(last)
    } else if (this.#owed > 0) {
      const bytes = this.#parser.pendingBytes
      this.#fail(new RequestFailure(bytes === 0 ? 'closed without an answer' : 'cut answer', bytes))
    }
    this.#isOver = true
  }

  #fail (failure: RequestFailure): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#failure = this.#traced(failure)
    this.#socket.destroy()
    this.#deliver()
  }

  #traced (failure: RequestFailure): RequestFailure {
    this.trace.closedAt ??= performance.now()
    failure.connection = { ...this.trace }
    return failure
  }

  #deliver (): void {
    const waiter = this.#waiter
    if (waiter === undefined) return
    if (this.#responses.length > 0 || (this.#failure === undefined && waiter.isEnough(this.#parser))) {
      this.#waiter = undefined
      waiter.resolve()
    } else if (this.#failure !== undefined) {
      this.#waiter = undefined
      waiter.reject(this.#failure)
    }
  }
}

function readHint (headers: ReadonlyMap<string, string>): number | undefined {
  const seconds = /(?:^|[,\s])timeout=(\d+)/.exec(headers.get('keep-alive') ?? '')?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1000
}
