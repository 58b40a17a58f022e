import type { WorkerHandle } from '../workers/worker-handle.ts'
import type { Slots } from './slots.ts'

/** What to do about the canary now. */
export type CanaryVerdict = 'wait' | 'ask' | 'passed' | 'silent'

/**
 * The first replacement of a rollout, which has to prove itself before the others follow: a release may
 * start and crash a moment later, and one that hangs does not even crash.
 */
export class Canary {
  readonly #generation: number
  readonly #canaryTime: number
  readonly #answerTimeout: number
  #worker: WorkerHandle | undefined
  #askedAt: number | undefined
  #answerBy = Infinity
  #hasPassed: boolean

  /**
   * @param canaryTime milliseconds after its start during which no other slot is advanced; 0 for no canary
   * @param answerTimeout milliseconds that it may then take to answer
   */
  constructor (generation: number, canaryTime: number, answerTimeout: number) {
    this.#generation = generation
    this.#canaryTime = canaryTime
    this.#answerTimeout = answerTimeout
    this.#hasPassed = canaryTime === 0
  }

  get hasPassed (): boolean {
    return this.#hasPassed
  }

  /** Ready, and watched; undefined before and after. */
  get worker (): WorkerHandle | undefined {
    return this.#hasPassed ? undefined : this.#worker
  }

  /** When to look again; Infinity when that depends on an event. */
  get dueAt (): number {
    if (this.#hasPassed || this.#worker === undefined) return Infinity
    return this.#askedAt === undefined ? this.#askAt(this.#worker) : this.#answerBy
  }

  look (slots: Slots<WorkerHandle>, now: number): CanaryVerdict {
    if (this.#hasPassed) return 'passed'
    // It was drained because its slot was removed: another worker has to prove the release.
    if (this.#worker !== undefined && this.#worker.state !== 'ready') this.#forget()
    this.#worker ??= slots.ready.find(({ generation }) => generation === this.#generation)
    if (this.#worker === undefined || now < this.#askAt(this.#worker)) return 'wait'
    if (this.#askedAt === undefined) {
      this.#askedAt = now
      this.#answerBy = now + this.#answerTimeout
      return 'ask'
    }
    this.#hasPassed = (this.#worker.answeredAt ?? -Infinity) >= this.#askedAt
    if (this.#hasPassed) return 'passed'
    return now >= this.dueAt ? 'silent' : 'wait'
  }

  /** The primary was paused until now: the answer may have arrived and is still unread. */
  creditPause (now: number): void {
    if (this.#askedAt !== undefined) this.#answerBy = now + this.#answerTimeout
  }

  #forget (): void {
    this.#worker = undefined
    this.#askedAt = undefined
  }

  /** When it has been watched for long enough. */
  #askAt (worker: WorkerHandle): number {
    return (worker.readyAt as number) + this.#canaryTime
  }
}
