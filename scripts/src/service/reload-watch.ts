import type { WorkerSighting } from '../clients/recorder.ts'

/** Milliseconds in which the new generation alone must have answered on new connections. */
const QUIET_TIME = 1000
/** How many new connections it must have answered in that time. */
const MIN_CONNECTIONS = 10

/**
 * Tells from the answers alone when a reload ends, when there is no log to read: at the last moment at
 * which a connection was opened that a worker of an older generation answered.
 *
 * That is certain only after a second in which new connections were opened and the new generation
 * answered all of them, so it needs clients that open connections all the time. A connection first used
 * a second or more after it was opened is ignored, because its answer comes too late.
 */
export class ReloadWatch {
  readonly #oldGeneration: number
  readonly #startedAt: number
  #newGeneration: number | undefined
  #lastOldAt: number
  #firstNewAt = Infinity
  #newConnections = 0

  /** @param oldGeneration the newest that answered before SIGHUP was sent, at `startedAt` */
  constructor (oldGeneration: number, startedAt: number) {
    this.#oldGeneration = oldGeneration
    this.#startedAt = startedAt
    this.#lastOldAt = startedAt
  }

  /** The new generation; undefined until it has answered. */
  get newGeneration (): number | undefined {
    return this.#newGeneration
  }

  observe ({ worker, openedAt, seenAt }: WorkerSighting): void {
    const { generation } = worker
    if (generation === undefined || openedAt === undefined) return
    if (openedAt < this.#startedAt || seenAt - openedAt > QUIET_TIME) return

    if (generation <= this.#oldGeneration) {
      if (openedAt > this.#lastOldAt) {
        this.#lastOldAt = openedAt
        this.#newConnections = 0
      }
      return
    }
    this.#newGeneration = Math.max(this.#newGeneration ?? generation, generation)
    this.#firstNewAt = Math.min(this.#firstNewAt, openedAt)
    if (openedAt > this.#lastOldAt) this.#newConnections++
  }

  /** @returns when the reload ended; undefined while that is uncertain at `now` */
  endedAt (now: number): number | undefined {
    const end = Math.max(this.#lastOldAt, this.#firstNewAt)
    return this.#newConnections >= MIN_CONNECTIONS && now - end >= QUIET_TIME ? end : undefined
  }
}
