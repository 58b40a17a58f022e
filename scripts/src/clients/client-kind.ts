import type { ClientContext } from './client-context.ts'
import { ClientLoop } from './client-loop.ts'

/** A kind of client: how it uses its connections, and what it asks for. */
export interface ClientKind {
  readonly name: string
  /** How many clients of the kind there are at once. */
  readonly count: number
  /**
   * Whether its requests take only as long as the server needs. Other kinds wait on purpose, in the
   * server or between the pieces of a body, and say nothing about how quick the server is.
   */
  readonly isQuick: boolean
  /**
   * Runs all clients of the kind until `context.signal` aborts, then finishes the requests in progress.
   *
   * No client ever repeats a request. It rejects only for a bug in this program.
   */
  readonly run: (context: ClientContext) => Promise<void>
}

/**
 * @param traits what the run needs to know about the kind
 * @param runClient runs one of its clients, `index` of `count`
 */
export function createClientKind (
  traits: Pick<ClientKind, 'name' | 'count' | 'isQuick'>,
  runClient: (loop: ClientLoop, context: ClientContext, index: number) => Promise<void>
): ClientKind {
  return {
    ...traits,
    async run (context) {
      await Promise.all(Array.from({ length: traits.count }, async (_, index) => {
        await runClient(new ClientLoop(traits.name, context), context, index)
      }))
    }
  }
}
