import type { LogLine } from './log-lines.ts'

export interface DrainReport {
  /** Workers that began to drain. */
  readonly begun: number
  /** Those of them that have exited on their own. */
  readonly finished: number
  /** Those that were ended by a signal, with the requests that they still had. */
  readonly killed: number
  /** Milliseconds of the longest drain, until the worker exited or until now. */
  readonly longest: number
}

/**
 * Follows in the log of the service what becomes of relieved workers.
 *
 * A reload is complete when they have begun to drain. A drain that never ends would be killed at its
 * deadline, which is later than most runs end: without this it would go unnoticed.
 */
export class DrainWatch {
  readonly #draining = new Map<number, number>()
  #begun = 0
  #finished = 0
  #killed = 0
  #longest = 0

  /** @param now of `performance.now()` */
  observe ({ event, pid, signal }: LogLine, now: number): void {
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
