import type { WorkerSighting } from '../clients/client-kind.ts'

/** So long must no older generation have answered on a connection opened since. */
const CALM = 1000
/** So many connections opened since must have been answered by the new one. */
const EVIDENCE = 10

/**
 * Tells from the answers alone where a reload ends, when there is no log to read: at the last moment at
 * which a connection was opened that a worker of an older generation answered.
 *
 * The moment is certain only when a second has passed in which new connections were opened and all of
 * them were answered by the new generation; so it needs clients that open new ones all the time. A
 * connection first used a second or more after it was opened proves nothing in time and is left out.
 */
export class ReloadWatch {
  readonly #oldGeneration: number
  readonly #startedAt: number
  #newGeneration: number | undefined
  #lastOldAt: number
  #firstNewAt = Infinity
  #evidence = 0

  /** @param oldGeneration the newest that answered before SIGHUP was sent, at `startedAt` */
  constructor (oldGeneration: number, startedAt: number) {
    this.#oldGeneration = oldGeneration
    this.#startedAt = startedAt
    this.#lastOldAt = startedAt
  }

  /** The generation that the reload brought; undefined as long as none has answered. */
  get newGeneration (): number | undefined {
    return this.#newGeneration
  }

  observe ({ worker, openedAt, seenAt }: WorkerSighting): void {
    const { generation } = worker
    if (generation === undefined || openedAt === undefined) return
    if (openedAt < this.#startedAt || seenAt - openedAt > CALM) return

    if (generation <= this.#oldGeneration) {
      if (openedAt > this.#lastOldAt) {
        this.#lastOldAt = openedAt
        this.#evidence = 0
      }
      return
    }
    this.#newGeneration = Math.max(this.#newGeneration ?? generation, generation)
    this.#firstNewAt = Math.min(this.#firstNewAt, openedAt)
    if (openedAt > this.#lastOldAt) this.#evidence++
  }

  /** @returns when the reload ended; undefined as long as that is not certain at `now` */
  endedAt (now: number): number | undefined {
    const end = Math.max(this.#lastOldAt, this.#firstNewAt)
    return this.#evidence >= EVIDENCE && now - end >= CALM ? end : undefined
  }
}
