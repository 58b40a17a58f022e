import { connect, type ClientHttp2Session } from 'node:http2'

import { startTrace } from '../connection-trace.ts'
import { announceSocket } from '../connection-watch.ts'
import { RequestFailure, toRequestFailure } from '../request-failure.ts'
import type { Target } from '../target.ts'
import { exchange, type Http2Answer } from './http2-exchange.ts'
import type { Session } from './http2-session.ts'

/** Uses one HTTP/2 connection until the server says goodbye (GOAWAY), then opens the next for further requests. */
export class Http2Client {
  readonly #target: Target
  readonly #timeout: number
  #session: Session | undefined

  /** @param timeout milliseconds that one request may take; also the limit for opening a connection */
  constructor (target: Target, timeout: number) {
    this.#target = target
    this.#timeout = timeout
  }

  /**
   * The connection for the next requests. After a GOAWAY the old connection finishes its streams.
   *
   * @throws RequestFailure when no new one opens
   */
  async session (): Promise<Session> {
    const current = this.#session
    if (current !== undefined && isOpen(current.http2)) return current
    this.#session = undefined
    this.#session = await open(this.#target, this.#timeout)
    return this.#session
  }

  /**
   * @returns the answer; undefined when the server has not processed the request (RFC 9113, section 8.7)
   * @throws RequestFailure
   */
  async request (session: Session, path: string, body?: Buffer): Promise<Http2Answer | undefined> {
    // A GOAWAY may have arrived meanwhile; nothing has been sent then, so there is no request.
    if (!isOpen(session.http2)) return undefined
    return await exchange(session, path, body, this.#timeout)
  }

  /** Waits for the last answers, then closes. */
  async close (): Promise<void> {
    const session = this.#session
    if (session === undefined || session.http2.destroyed) return
    await new Promise<void>((resolve) => { session.http2.close(resolve) })
  }
}

function isOpen ({ closed, destroyed }: ClientHttp2Session): boolean {
  return !closed && !destroyed
}

async function open ({ origin }: Target, timeout: number): Promise<Session> {
  const openedAt = performance.now()
  const http2 = connect(origin, { rejectUnauthorized: false })
  return await new Promise<Session>((resolve, reject) => {
    const deadline = setTimeout(() => {
      http2.destroy()
      reject(new RequestFailure('timeout of the connection'))
    }, timeout)
    // Stays for later errors, which each stream reports.
    http2.on('error', (error) => {
      clearTimeout(deadline)
      reject(toRequestFailure(error))
    })
    http2.once('connect', (_session, socket) => {
      clearTimeout(deadline)
      announceSocket(socket)
      const trace = startTrace(openedAt, socket)
      http2.once('close', () => { trace.closedAt ??= performance.now() })
      resolve({ http2, trace })
    })
  })
}
