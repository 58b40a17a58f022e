import { Connection } from './connection.ts'
import type { Target } from '../target.ts'

const HINT_MARGIN = 1000

/** Keeps one connection for as long as both sides want it, then opens the next. */
export class KeepAliveClient {
  readonly #target: Target
  readonly #timeout: number
  readonly #honoursHint: boolean
  #connection: Connection | undefined

  /**
   * @param timeout milliseconds that opening a connection may take
   * @param options `honoursHint`: it leaves a connection a second before the server's hint runs out
   */
  constructor (target: Target, timeout: number, { honoursHint = false } = {}) {
    this.#target = target
    this.#timeout = timeout
    this.#honoursHint = honoursHint
  }

  /**
   * The connection for the next request: the one at hand unless the server has closed it, with an answer
   * or with a FIN while it was idle, which is the server's right.
   *
   * @throws RequestFailure when the one at hand was reset or sent something unasked, or no new one opens
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
    // As undici does: the hint is in whole seconds, and the server's clock began earlier.
    return connection.idleFor(performance.now()) > hint - Math.min(HINT_MARGIN, hint / 2)
  }

  close (): void {
    this.#connection?.close()
    this.#connection = undefined
  }
}
