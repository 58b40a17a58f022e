import type { LogLine } from '../service/log-lines.ts'

const MAX_ENTRIES = 20_000

interface Entry {
  readonly at: number
  readonly text: string
  readonly pid: unknown
}

/** What happened and when, to explain failures with. Times are of `performance.now()`. */
export class EventLog {
  readonly #entries: Entry[] = []

  note (text: string): void {
    this.#add({ at: performance.now(), text, pid: undefined })
  }

  observe ({ event, msg, slot, generation, pid }: LogLine): void {
    if (msg === undefined) return
    const source = slot === undefined ? generation ?? '' : `${slot}/${generation}/${pid}`
    this.#add({ at: performance.now(), text: `${event ?? ''} ${source} ${String(msg).split('\n')[0]}`.trim(), pid })
  }

  /** @returns a line for each event between the two times, and for all events of one worker */
  between (from: number, to: number, pid: number | undefined, startedAt: number): string[] {
    return this.#entries.filter((entry) => (entry.at >= from && entry.at <= to) || (pid !== undefined && entry.pid === pid))
      .map(({ at, text }) => `${((at - startedAt) / 1000).toFixed(3).padStart(9)}  ${text}`)
  }

  #add (entry: Entry): void {
    this.#entries.push(entry)
    if (this.#entries.length > MAX_ENTRIES) this.#entries.shift()
  }
}
