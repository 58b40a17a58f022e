import type { WorkerView } from '../workers/worker-handle.ts'

/**
 * Which workers serve which slot. Computed once a pass; `plan()`, the rollout and the reloads read it.
 *
 * A worker serves its slot while it is starting or ready. One that drains, hangs or has exited does not.
 */
export class Slots<Worker extends WorkerView = WorkerView> {
  /** All that have not exited, oldest first. */
  readonly alive: readonly Worker[]
  /** Starting or ready. */
  readonly serving: readonly Worker[]
  readonly ready: readonly Worker[]
  readonly draining: readonly Worker[]
  readonly #bySlot = new Map<number, readonly Worker[]>()

  constructor (workers: readonly Worker[]) {
    this.alive = workers.filter(({ state }) => state !== 'exited')
    this.serving = workers.filter(({ state }) => state === 'starting' || state === 'ready')
    this.ready = workers.filter(({ state }) => state === 'ready')
    this.draining = workers.filter(({ state }) => state === 'draining')
    for (const worker of this.serving) this.#bySlot.set(worker.slot, [...this.#in(worker.slot), worker])
  }

  /** @returns the workers that serve a slot with the wanted generation: one at most */
  current (slot: number, generation: number): Worker[] {
    return this.#in(slot).filter((worker) => isCurrent(worker, generation))
  }

  /** @returns the workers that serve a slot and should be relieved: of another generation, or stale */
  others (slot: number, generation: number): Worker[] {
    return this.#in(slot).filter((worker) => !isCurrent(worker, generation))
  }

  /** Whether the slot has a ready worker, of any generation. */
  isServed (slot: number): boolean {
    return this.#in(slot).some(isReady)
  }

  /** Whether the slot has a ready worker of this generation, stale or not. */
  isServedBy (slot: number, generation: number): boolean {
    return this.#in(slot).some((worker) => isReady(worker) && worker.generation === generation)
  }

  /** Whether the slot has a ready worker of another generation. */
  isServedByAnother (slot: number, generation: number): boolean {
    return this.#in(slot).some((worker) => isReady(worker) && worker.generation !== generation)
  }

  /** Whether the slot has what is wanted: a ready worker of this generation that is not stale. */
  isSettled (slot: number, generation: number): boolean {
    return this.current(slot, generation).some(isReady)
  }

  #in (slot: number): readonly Worker[] {
    return this.#bySlot.get(slot) ?? []
  }
}

export function isReady ({ state }: WorkerView): boolean {
  return state === 'ready'
}

export function isStarting ({ state }: WorkerView): boolean {
  return state === 'starting'
}

function isCurrent (worker: WorkerView, generation: number): boolean {
  return worker.generation === generation && !worker.isStale
}
