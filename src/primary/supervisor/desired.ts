import type { Config } from '../../config/config.ts'
import type { CrashRecord } from './crashes.ts'
import type { Ending } from './shutdown.ts'
import type { Desired } from './plan.ts'
import type { Releases } from './reloads.ts'
import type { WorkerView } from '../workers/worker-handle.ts'

/** Milliseconds between two looks at the clock while silence means something: a gap of our own has to be noticed. */
const TICK = 1000

/** What is wanted of the pool at a moment, and when that changes by itself: of the settings in force, releases, crashes and the ending. */
export class Demand {
  readonly #releases: Releases
  readonly #crashes: CrashRecord
  readonly #ending: Ending

  constructor (releases: Releases, crashes: CrashRecord, ending: Ending) {
    this.#releases = releases
    this.#crashes = crashes
    this.#ending = ending
  }

  /** One worker has nobody to stand in for it, whatever was set for more of them. */
  get maxSurge (): number {
    const { maxSurge } = this.#config
    return this.#releases.slots.length === 1 ? Math.max(1, maxSurge) : maxSurge
  }

  /** Until when workers count as crashing in a loop; in the past when they do not. */
  get loopingUntil (): number {
    return this.#crashes.loopingUntil(this.#config)
  }

  /** When it is no use to go on; Infinity while somebody serves. */
  get giveUpAt (): number {
    return this.#crashes.giveUpAt(this.#config.giveUp)
  }

  /** @param mayRestart crashed workers are replaced */
  desired (now: number, mayRestart: boolean): Desired {
    return {
      slots: this.#ending.isDue(now) ? [] : this.#releases.slots,
      maxSurge: this.maxSurge,
      restartAt: mayRestart ? this.#crashes.restartAt : Infinity,
      fresh: this.#releases.fresh,
      keep: this.#releases.canary?.slot,
      maxDraining: this.#config.maxDraining
    }
  }

  /** @returns when something is due that the plan does not know of */
  dueAt (now: number, workers: readonly WorkerView[]): number {
    const times = [this.#ending.drainAt, this.loopingUntil, this.#releases.dueAt, this.giveUpAt]
    return Math.min(...times.filter((time) => time > now), this.#isListening(workers) ? now + TICK : Infinity)
  }

  #isListening (workers: readonly WorkerView[]): boolean {
    return this.#releases.canary !== undefined || this.#crashes.isUnserved ||
      workers.some(({ state, deadline }) => state === 'ready' && deadline !== Infinity)
  }

  get #config (): Config {
    return this.#releases.generation.config
  }
}
