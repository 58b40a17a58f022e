import { setImmediate, setTimeout } from 'node:timers/promises'

import type { ClientContext } from './client-context.ts'
import { toRequestFailure } from './request-failure.ts'
import { readIdentity } from './worker-identity.ts'

/** Milliseconds, so that a server which has exited is not asked a million times. */
const PAUSE_AFTER_FAILURE = 100

/** The loop of one client: its clock, its pauses and what it reports. */
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
   * instead, that is one failure, and the next call makes a new request.
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

  /** The server reported that it did not process the request. */
  unprocessed (startedAt: number): void {
    this.#context.recorder.unprocessed({ kind: this.#kind, startedAt, endedAt: performance.now() })
  }

  /** @throws the error itself when it is a bug in this program */
  failed (error: unknown, startedAt: number): void {
    const failure = toRequestFailure(error)
    this.#context.recorder.failed({ kind: this.#kind, startedAt, endedAt: performance.now(), failure })
  }

  /**
   * Reports which worker answered.
   *
   * @returns the worker as `slot/generation/pid`, when it is known
   * @throws RequestFailure when the body is not that of the application
   */
  identify (body: string, openedAt?: number): string | undefined {
    const worker = readIdentity(body)
    this.#context.recorder.identified({ worker, seenAt: performance.now(), openedAt })
    return worker.pid === undefined ? undefined : `${worker.slot}/${worker.generation}/${worker.pid}`
  }

  /** @returns a random whole number between the two */
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
    // Timers fire before sockets are read: a FIN that arrived long ago must not look like one that crossed
    // the next request on the network.
    await setImmediate()
  }
}
