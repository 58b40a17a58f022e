import type { LogLine } from '../service/log-lines.ts'

const ENTRIES_KEPT = 20_000

interface Entry {
  readonly at: number
  readonly text: string
  readonly pid: unknown
}

/** What happened when, to explain a failure with. Times are of `performance.now()`. */
export class Timeline {
  readonly #entries: Entry[] = []

  note (text: string): void {
    this.#add({ at: performance.now(), text, pid: undefined })
  }

  hear ({ event, msg, slot, generation, pid }: LogLine): void {
    if (msg === undefined) return
    const who = slot === undefined ? generation ?? '' : `${slot}/${generation}/${pid}`
    this.#add({ at: performance.now(), text: `${event ?? ''} ${who} ${String(msg).split('\n')[0]}`.trim(), pid })
  }

  /** @returns what happened between the two, and all of a worker's life, a line each */
  between (from: number, to: number, pid: number | undefined, startedAt: number): string[] {
    return this.#entries.filter((entry) => (entry.at >= from && entry.at <= to) || (pid !== undefined && entry.pid === pid))
      .map(({ at, text }) => `${((at - startedAt) / 1000).toFixed(3).padStart(9)}  ${text}`)
  }

  #add (entry: Entry): void {
    this.#entries.push(entry)
    if (this.#entries.length > ENTRIES_KEPT) this.#entries.shift()
  }
}
