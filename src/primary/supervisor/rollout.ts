import type { WorkerView } from '../workers/worker-handle.ts'

/** How far a rollout has come. */
export interface Progress {
  /** Generation of each slot from now on. */
  readonly slots: readonly number[]
  /** All are served by the new generation, and nobody of another accepts connections. */
  readonly isComplete: boolean
  /** Nothing is under way, and no slot may be advanced before a worker has drained. */
  readonly isWaitingForDrains: boolean
}

/**
 * Says which slots a rollout advances next: pure, like `plan()`.
 *
 * A slot is advanced by wanting the generation for it. None that somebody serves is advanced while `maxDraining` workers are draining,
 * so that frequent reloads cannot fill the memory with old ones.
 *
 * @param current generation that each slot should have so far
 * @param generation the one that is rolled out
 * @param atOnce how many slots may be under way
 */
export function advance (
  workers: readonly WorkerView[], current: readonly number[], generation: number, maxDraining: number, atOnce: number
): Progress {
  const ready = workers.filter(({ state }) => state === 'ready')
  const isSettled = (slot: number): boolean =>
    ready.some((worker) => worker.slot === slot && worker.generation === generation && !worker.isStale)
  // A slot that was taken away and added again may have its new worker still.
  const slots = current.map((wanted, slot) => isSettled(slot) ? generation : wanted)
  const isAdvanced = (slot: number): boolean => slots[slot] === generation
  const isCurrent = (worker: WorkerView): boolean => worker.generation === generation && isAdvanced(worker.slot)
  const isServed = (slot: number): boolean => ready.some((worker) => worker.slot === slot)

  const all = [...slots.keys()]
  const left = all.filter((slot) => !isAdvanced(slot))
  const underWay = all.filter((slot) => isAdvanced(slot) && !isSettled(slot)).length
  const isAlone = workers.every((worker) => isCurrent(worker) || worker.state === 'draining' || worker.state === 'exited')
  const outgoing = workers.filter((worker) => worker.state === 'draining' ||
    (worker.state === 'ready' && !isCurrent(worker) && !left.includes(worker.slot))).length
  // Slots that nobody serves first: with them nothing is risked, and nobody has to drain.
  const candidates = [
    ...left.filter((slot) => !isServed(slot)),
    ...left.filter(isServed).slice(0, Math.max(0, maxDraining - outgoing))
  ]
  const next = candidates.slice(0, Math.max(0, atOnce - underWay))
  return {
    slots: slots.map((wanted, slot) => next.includes(slot) ? generation : wanted),
    isComplete: left.length === 0 && underWay === 0 && isAlone,
    isWaitingForDrains: left.length > 0 && underWay === 0 && next.length === 0
  }
}

/**
 * Says what the slots want when a rollout ends half way: it stops where it is.
 *
 * A slot in which the old worker still serves, or in which none of the new ones is ready, goes back to what
 * it had; nothing was lost there yet.
 *
 * @param generation the one that was rolled out
 * @param before what a slot had when the rollout began
 */
export function rewind (
  workers: readonly WorkerView[], slots: readonly number[], generation: number, before: (slot: number) => number
): readonly number[] {
  const hasReady = (slot: number, isNew: boolean): boolean => workers.some((worker) =>
    worker.slot === slot && worker.state === 'ready' && (worker.generation === generation) === isNew)
  return slots.map((wanted, slot) =>
    wanted === generation && (hasReady(slot, false) || !hasReady(slot, true)) ? before(slot) : wanted)
}
