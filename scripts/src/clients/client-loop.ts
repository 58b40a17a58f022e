import { setImmediate, setTimeout } from 'node:timers/promises'

import type { ClientContext } from './client-kind.ts'
import { toRequestFailure } from './request-failure.ts'
import { readIdentity } from './worker-identity.ts'

/** After a failure, so that a server which is gone is not asked a million times. */
const PAUSE_AFTER_FAILURE = 100

/** One client's loop: its clock, its pauses and its entries in the record. */
export class ClientLoop {
  readonly #kind: string
  readonly #context: ClientContext

  constructor (kind: string, context: ClientContext) {
    this.#kind = kind
    this.#context = context
  }

  get isStopped (): boolean {
    return this.#context.signal.aborted
  }

  /**
   * Calls `work` until the end of the run. It makes a request and calls `answered()`; when it throws
   * instead, that is one failure, and the next call is a new request.
   */
  async run (work: () => Promise<void>): Promise<void> {
    for (let turn = 0; turn < this.#context.maxRequests && !this.isStopped; turn++) {
      const startedAt = performance.now()
      try {
        await work()
      } catch (error) {
        this.failed(error, startedAt)
        await this.pause(PAUSE_AFTER_FAILURE)
      }
    }
  }

  answered (startedAt: number): void {
    this.#context.recorder.answered({ kind: this.#kind, startedAt, endedAt: performance.now() })
  }

  /** The server has said that it did not process the request. */
  unprocessed (startedAt: number): void {
    this.#context.recorder.unprocessed({ kind: this.#kind, startedAt, endedAt: performance.now() })
  }

  /** @throws the error itself when it is a fault of this program */
  failed (error: unknown, startedAt: number): void {
    const failure = toRequestFailure(error)
    this.#context.recorder.failed({ kind: this.#kind, startedAt, endedAt: performance.now(), failure })
  }

  /**
   * Notes which worker answered.
   *
   * @returns it as `slot/generation/pid`, when that is known
   * @throws RequestFailure when the body does not say
   */
  identify (body: string, openedAt?: number): string | undefined {
    const worker = readIdentity(body)
    this.#context.recorder.identified({ worker, seenAt: performance.now(), openedAt })
    return worker.pid === undefined ? undefined : `${worker.slot}/${worker.generation}/${worker.pid}`
  }

  /** @returns a number of milliseconds between the two */
  between (minimum: number, maximum: number): number {
    return Math.round(minimum + this.#context.random() * (maximum - minimum))
  }

  /** Waits, but not beyond the end of the run. */
  async pause (ms: number): Promise<void> {
    try {
      await setTimeout(ms, undefined, { signal: this.#context.signal })
    } catch {
      return
    }
    // Timers fire before sockets are read: a FIN that came long ago must not look like one that crossed
    // the next request.
    await setImmediate()
  }
}
