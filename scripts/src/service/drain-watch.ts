import type { LogLine } from './log-lines.ts'

export interface DrainReport {
  /** Workers that began to drain. */
  readonly begun: number
  /** Those of them that have gone by themselves. */
  readonly finished: number
  /** Those that were ended by a signal, with whatever they held. */
  readonly killed: number
  /** Milliseconds that the longest took until it was gone, or until now. */
  readonly longest: number
}

/**
 * Follows in the service's log what becomes of the workers that were relieved.
 *
 * A reload is complete when they have begun to drain. One that never ends would be killed at its drain
 * deadline, later than most runs end: without this, nobody would see it.
 */
export class DrainWatch {
  readonly #draining = new Map<number, number>()
  #begun = 0
  #finished = 0
  #killed = 0
  #longest = 0

  /** @param now of `performance.now()` */
  hear ({ event, pid, signal }: LogLine, now: number): void {
    if (typeof pid !== 'number') return
    if (event === 'worker:draining') {
      this.#draining.set(pid, now)
      this.#begun++
    } else if (event === 'worker:exited') {
      const since = this.#draining.get(pid)
      if (since === undefined) return
      this.#draining.delete(pid)
      this.#longest = Math.max(this.#longest, now - since)
      if (typeof signal === 'string') this.#killed++
      else this.#finished++
    }
  }

  report (now: number): DrainReport {
    const longest = Math.max(this.#longest, ...[...this.#draining.values()].map((since) => now - since))
    return { begun: this.#begun, finished: this.#finished, killed: this.#killed, longest }
  }
}
