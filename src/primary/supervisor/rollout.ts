import { isSameRelease, type Generation } from '../release/generation.ts'
import type { WorkerHandle } from '../workers/worker-handle.ts'
import { Canary, type CanaryVerdict } from './canary.ts'
import type { Slots } from './slots.ts'

/** A generation, and how many workers it should have: its WORKERS, and what was scaled since it was read. */
export interface Target {
  readonly generation: Generation
  workers: number
}

/** What a rollout wants now. */
export interface RolloutStep {
  /** Generation that each slot should have from now on. */
  readonly slots: readonly number[]
  /** Only workers of the new generation accept connections. */
  readonly isComplete: boolean
  /** No slot may be advanced before an old worker has drained. */
  readonly isWaitingForDrains: boolean
  readonly canary: CanaryVerdict
}

/**
 * One rollout, from the candidate to its end. The steps are those of docs/reload.md:
 *
 * 1. The candidate was made by `makeGeneration()`; nothing that can be wrong with settings or paths is left.
 * 2. The canary, one slot, is advanced and watched; nothing else is advanced meanwhile.
 * 3. Slot by slot the others follow, `MAX_SURGE` at once, while at most `MAX_DRAINING` old workers drain.
 * 4. Complete: every slot is served by the new generation, and there are as many slots as it wants.
 * 5. Or it ends half way, and `retreat()` says which slots go back.
 *
 * It decides and does not act: a slot is advanced by wanting the new generation for it, and `plan()` does the rest.
 */
export class Rollout {
  readonly target: Target
  readonly startedAt: number
  readonly canary: Canary
  /** A warning that it waits for drains has been logged. */
  hasLoggedWait = false
  /** One of its workers crashed after it had relieved another. */
  hasCrashed = false
  /** Generation of each slot before it. */
  readonly #previous: readonly number[]

  constructor (target: Target, slots: readonly number[], now: number) {
    const { canaryTime, heartbeatTimeout, startTimeout } = target.generation.config
    this.target = target
    this.startedAt = now
    this.canary = new Canary(target.generation.number, canaryTime, Math.min(heartbeatTimeout, startTimeout))
    this.#previous = slots
  }

  get generation (): Generation {
    return this.target.generation
  }

  /** @param current generation that each slot should have so far */
  step (slots: Slots<WorkerHandle>, current: readonly number[], maxSurge: number, now: number): RolloutStep {
    const { number, config: { maxDraining } } = this.generation
    const canary = this.canary.look(slots, now)
    // One slot until there is a canary, none while it is watched, then as many as there is room for.
    const atOnce = this.canary.hasPassed ? Math.max(1, maxSurge) : this.canary.worker === undefined ? 1 : 0
    const { wanted, isComplete, isWaitingForDrains } = advance(slots, current, number, maxDraining, atOnce)
    // The number of slots changes once all of them are of one generation.
    const isResized = isComplete && this.canary.hasPassed && wanted.length !== this.target.workers
    return {
      slots: isResized ? resize(wanted, this.target.workers, number) : wanted,
      isComplete: isComplete && !isResized && this.canary.hasPassed,
      isWaitingForDrains: isWaitingForDrains && atOnce > 0,
      canary
    }
  }

  /**
   * Says which generation each slot should have when the rollout ends half way.
   *
   * A slot that was not relieved goes back. So does one that was relieved when the release is at fault and the old one
   * still exists in paths of its own; files that were replaced in place are gone.
   *
   * @param workers how many slots there should be
   */
  retreat (
    slots: Slots, current: readonly number[], workers: number, generationOf: (number: number) => Generation, isFault: boolean
  ): readonly number[] {
    const { number } = this.generation
    const newest = Math.max(...this.#previous)
    const before = (slot: number): number => this.#previous[slot] ?? newest
    const isGone = (slot: number): boolean => isSameRelease(generationOf(before(slot)), this.generation)
    const rewound = rewind(slots, current, number, before)
      .map((wanted, slot) => isFault && wanted === number && !isGone(slot) ? before(slot) : wanted)
    return resize(rewound, workers, newest)
  }
}

/** How far a rollout has come. */
export interface Advance {
  /** Generation that each slot should have from now on. */
  readonly wanted: readonly number[]
  readonly isComplete: boolean
  readonly isWaitingForDrains: boolean
}

/**
 * Says which slots a rollout advances next: pure, like `plan()`.
 *
 * No slot with a ready worker is advanced while `maxDraining` workers are draining, so that frequent reloads cannot fill
 * the memory with old workers.
 *
 * @param current generation that each slot should have so far
 * @param generation the one that is rolled out
 * @param atOnce how many slots may be under way
 */
export function advance (
  slots: Slots, current: readonly number[], generation: number, maxDraining: number, atOnce: number
): Advance {
  // A slot that was taken away and added again may still have its new worker.
  const reached = current.map((wanted, slot) => slots.isSettled(slot, generation) ? generation : wanted)
  const isAdvanced = (slot: number): boolean => reached[slot] === generation
  const isNew = (worker: { slot: number, generation: number }): boolean =>
    worker.generation === generation && isAdvanced(worker.slot)

  const all = [...reached.keys()]
  const left = all.filter((slot) => !isAdvanced(slot))
  const underWay = all.filter((slot) => isAdvanced(slot) && !slots.isSettled(slot, generation)).length
  const isAlone = slots.alive.every((worker) => isNew(worker) || worker.state === 'draining')
  const outgoing = slots.ready.filter((worker) => !isNew(worker) && !left.includes(worker.slot)).length + slots.draining.length
  // Slots without a ready worker first: they risk nothing, and no worker has to drain for them.
  const candidates = [
    ...left.filter((slot) => !slots.isServed(slot)),
    ...left.filter((slot) => slots.isServed(slot)).slice(0, Math.max(0, maxDraining - outgoing))
  ]
  const next = candidates.slice(0, Math.max(0, atOnce - underWay))
  return {
    wanted: reached.map((wanted, slot) => next.includes(slot) ? generation : wanted),
    isComplete: left.length === 0 && underWay === 0 && isAlone,
    isWaitingForDrains: left.length > 0 && underWay === 0 && next.length === 0
  }
}

/**
 * Says which generation each slot should have when a rollout stops where it is: pure.
 *
 * A slot in which the old worker still serves, or in which no new one is ready, goes back to its previous generation.
 *
 * @param generation the one that was rolled out
 * @param before generation of a slot when the rollout began
 */
export function rewind (
  slots: Slots, current: readonly number[], generation: number, before: (slot: number) => number
): readonly number[] {
  return current.map((wanted, slot) => {
    const isRelieved = slots.isServedBy(slot, generation) && !slots.isServedByAnother(slot, generation)
    return wanted === generation && !isRelieved ? before(slot) : wanted
  })
}

function resize (slots: readonly number[], length: number, generation: number): readonly number[] {
  return [...slots.slice(0, length), ...Array<number>(Math.max(0, length - slots.length)).fill(generation)]
}
