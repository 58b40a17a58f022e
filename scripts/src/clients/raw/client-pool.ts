import type { KeepAliveClient } from './keep-alive-client.ts'

/**
 * Keep-alive clients for requests that do not wait for each other: a free client, or a new one up to a limit.
 * Beyond the limit requests queue, the oldest first.
 */
export class ClientPool {
  readonly #create: () => KeepAliveClient
  readonly #limit: number
  readonly #all: KeepAliveClient[] = []
  /** The client that was used last is used first, so that the others become idle and leave. */
  readonly #free: KeepAliveClient[] = []
  readonly #waiting: Array<(client: KeepAliveClient) => void> = []

  constructor (create: () => KeepAliveClient, limit: number) {
    this.#create = create
    this.#limit = limit
  }

  async take (): Promise<KeepAliveClient> {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#all.length < this.#limit) {
      const created = this.#create()
      this.#all.push(created)
      return created
    }
    return await new Promise((resolve) => { this.#waiting.push(resolve) })
  }

  giveBack (client: KeepAliveClient): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free.push(client)
    else next(client)
  }

  close (): void {
    for (const client of this.#all) client.close()
  }
}
