import { Canary, type CanaryVerdict } from './canary.ts'
import { isSameRelease, type Generation } from '../release/generation.ts'
import { advance, rewind } from './rollout.ts'
import type { WorkerHandle } from '../workers/worker-handle.ts'

/** Where a rollout is. */
export interface Step {
  /** Generation of each slot from now on. */
  readonly slots: readonly number[]
  readonly isComplete: boolean
  readonly isWaitingForDrains: boolean
  readonly canary: CanaryVerdict
}

/** One rollout, from its start to its end: what it came from, where it goes, and its canary. */
export class RolloutRun {
  readonly generation: Generation
  readonly startedAt: number
  readonly canary: Canary
  /** The log has been told that it waits. */
  hasSaidToWait = false
  /** One of its workers crashed after it had relieved another. */
  hasCrashed = false
  /** What each slot had before. */
  readonly #previous: readonly number[]
  #lengthBefore: number
  #length: number

  /** @param length how many slots there are to be in the end */
  constructor (generation: Generation, slots: readonly number[], length: number, now: number) {
    const { canaryTime, heartbeatTimeout, startTimeout } = generation.config
    this.generation = generation
    this.startedAt = now
    this.canary = new Canary(generation.number, canaryTime, Math.min(heartbeatTimeout, startTimeout))
    this.#previous = slots
    this.#lengthBefore = slots.length
    this.#length = length
  }

  get length (): number {
    return this.#length
  }

  /**
   * A signal that comes meanwhile counts, whatever comes of the rollout.
   *
   * @returns whether it changes anything: one slot is always left
   */
  scale (difference: number): boolean {
    const before = [this.#lengthBefore, this.#length]
    this.#lengthBefore = Math.max(1, this.#lengthBefore + difference)
    this.#length = Math.max(1, this.#length + difference)
    return this.#lengthBefore !== before[0] || this.#length !== before[1]
  }

  step (workers: readonly WorkerHandle[], current: readonly number[], maxSurge: number, now: number): Step {
    const { number, config: { maxDraining } } = this.generation
    const canary = this.canary.look(workers, now)
    // The canary first, then nobody while it is watched, then as many as there is room for.
    const atOnce = this.canary.hasPassed ? Math.max(1, maxSurge) : this.canary.worker === undefined ? 1 : 0
    const { slots, isComplete, isWaitingForDrains } = advance(workers, current, number, maxDraining, atOnce)
    // More or fewer workers than before, once all are of one generation.
    const isResized = isComplete && this.canary.hasPassed && slots.length !== this.#length
    return {
      slots: isResized ? resize(slots, this.#length, number) : slots,
      isComplete: isComplete && !isResized && this.canary.hasPassed,
      isWaitingForDrains: isWaitingForDrains && atOnce > 0,
      canary
    }
  }

  /**
   * Says what the slots want when it ends half way.
   *
   * A slot that was not relieved goes back. So does one that was, when the release is at fault and the old
   * one is still there in paths of its own; files that were replaced in place are there no more.
   */
  retreat (
    workers: readonly WorkerHandle[], slots: readonly number[], generationOf: (number: number) => Generation, isFault: boolean
  ): readonly number[] {
    const { number } = this.generation
    const newest = Math.max(...this.#previous)
    const before = (slot: number): number => this.#previous[slot] ?? newest
    const isGone = (slot: number): boolean => isSameRelease(generationOf(before(slot)), this.generation)
    const rewound = rewind(workers, slots, number, before)
      .map((wanted, slot) => isFault && wanted === number && !isGone(slot) ? before(slot) : wanted)
    return resize(rewound, this.#lengthBefore, newest)
  }
}

function resize (slots: readonly number[], length: number, generation: number): readonly number[] {
  return [...slots.slice(0, length), ...Array<number>(Math.max(0, length - slots.length)).fill(generation)]
}
