import { Connection } from './connection.ts'
import type { Target } from './target.ts'

/** Keeps one connection for as long as both sides want it, then opens the next. */
export class KeepAliveClient {
  readonly #target: Target
  readonly #timeout: number
  #connection: Connection | undefined

  /** @param timeout milliseconds that opening a connection may take */
  constructor (target: Target, timeout: number) {
    this.#target = target
    this.#timeout = timeout
  }

  /**
   * The connection for the next request: the one at hand unless the server has closed it, with an answer
   * or with a FIN while it was idle, which is the server's right.
   *
   * @throws RequestFailure when the one at hand was reset or sent something unasked, or no new one opens
   */
  async connection (): Promise<Connection> {
    const current = this.#connection
    if (current?.isReusable === true) return current
    this.#connection = undefined
    current?.assertSound()
    this.#connection = await Connection.open(this.#target, this.#timeout)
    return this.#connection
  }

  close (): void {
    this.#connection?.close()
    this.#connection = undefined
  }
}
