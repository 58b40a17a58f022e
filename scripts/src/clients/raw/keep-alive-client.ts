import type { Target } from '../target.ts'
import { Connection } from './connection.ts'

/** Milliseconds before the server's hint runs out at which a connection is left. */
const LEAVE_BEFORE_HINT = 1000

/** Uses one connection until one side closes it, then opens the next. */
export class KeepAliveClient {
  readonly #target: Target
  readonly #timeout: number
  readonly #honoursHint: boolean
  #connection: Connection | undefined

  /**
   * @param timeout milliseconds that opening a connection may take
   * @param options `honoursHint`: leaves a connection a second before the server's hint runs out
   */
  constructor (target: Target, timeout: number, { honoursHint = false } = {}) {
    this.#target = target
    this.#timeout = timeout
    this.#honoursHint = honoursHint
  }

  /**
   * The connection for the next request: the current one unless the server has closed it, with an answer
   * or with a FIN while it was idle, both of which it may do.
   *
   * @throws RequestFailure when the current one was reset or received unexpected bytes, or no new one opens
   */
  async connection (): Promise<Connection> {
    const current = this.#connection
    if (current?.isReusable === true && !this.#isExpired(current)) return current
    this.#connection = undefined
    current?.assertSound()
    current?.close()
    this.#connection = await Connection.open(this.#target, this.#timeout)
    return this.#connection
  }

  #isExpired (connection: Connection): boolean {
    const hint = connection.keepAliveHint
    if (!this.#honoursHint || hint === undefined) return false
    // As undici does, because the hint is in whole seconds and the server started to count earlier.
    return connection.idleFor(performance.now()) > hint - Math.min(LEAVE_BEFORE_HINT, hint / 2)
  }

  close (): void {
    this.#connection?.close()
    this.#connection = undefined
  }
}
