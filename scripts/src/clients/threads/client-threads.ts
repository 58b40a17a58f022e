import type { ClientContext, ClientKind } from '../client-kind.ts'
import type { MixOptions } from '../client-mix.ts'
import type { ConnectionChange } from '../connection-watch.ts'
import type { GeneratorReport } from '../../measure/generator-watch.ts'
import { ClientThread } from './client-thread.ts'
import { dealClients } from './shares.ts'

/** The clients of a run in threads of their own, so that one event loop is not the limit of all. */
export class ClientThreads {
  /** As those given, but each runs in all threads that have clients of it. */
  readonly kinds: readonly ClientKind[]
  readonly #threads: readonly ClientThread[]
  #listener: (change: ConnectionChange, at: number) => void = () => {}

  /**
   * @param kinds of the mix with these options
   * @param count of threads; fewer are started when there are not so many clients
   * @throws the error that a thread died of, or Error when one does not start in time; all have ended then
   */
  static async start (kinds: readonly ClientKind[], mix: MixOptions, count: number): Promise<ClientThreads> {
    const threads = new ClientThreads(kinds, mix, count)
    try {
      await Promise.all(threads.#threads.map(async (thread) => { await thread.started() }))
    } catch (error) {
      await threads.end()
      throw error
    }
    return threads
  }

  private constructor (kinds: readonly ClientKind[], mix: MixOptions, count: number) {
    const hands = dealClients(kinds, count)
    const { timeOrigin } = performance
    this.#threads = hands.map((tasks) => new ClientThread(
      { tasks, mix: { ...mix, parts: hands.length }, timeOrigin }, (change, at) => { this.#listener(change, at) }
    ))
    this.kinds = kinds.map(({ name, count, isQuick }) => ({
      name, count, isQuick, run: async (context) => { await this.#run(name, context) }
    }))
  }

  /** @param listener is told of every connection to the target from here on, until `finish()` has resolved */
  onConnectionChange (listener: (change: ConnectionChange, at: number) => void): void {
    this.#listener = listener
  }

  /**
   * To be called when all kinds have ended: the threads tell what they have not told yet.
   *
   * @returns how each was doing
   */
  async finish (): Promise<GeneratorReport[]> {
    return await Promise.all(this.#threads.map(async (thread) => await thread.finish()))
  }

  /** Ends the threads, whatever they do. */
  async end (): Promise<void> {
    await Promise.all(this.#threads.map(async (thread) => { await thread.end() }))
  }

  async #run (kind: string, context: ClientContext): Promise<void> {
    await Promise.all(this.#threads.map(async (thread) => { await thread.run(kind, context) }))
  }
}
