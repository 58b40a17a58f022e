import type { Desired } from './plan.ts'
import type { WorkerView } from './worker-handle.ts'

/** How far a rollout has come. */
export type Progress =
  | { readonly isComplete: true }
  | { readonly isComplete: false, readonly slots: readonly number[], readonly isWaitingForDrains: boolean }

/**
 * Says which slots a rollout advances next: pure, like `plan()`.
 *
 * A slot is advanced by wanting the generation for it. As many are under way at once as may exist above
 * the number of slots; and none is advanced while `maxDraining` workers are draining, so that frequent
 * reloads cannot fill the memory with old ones.
 *
 * @param generation the one that is rolled out
 */
export function advance (workers: readonly WorkerView[], desired: Desired, generation: number, maxDraining: number): Progress {
  const serving = workers.filter(({ state }) => state === 'starting' || state === 'ready')
  const isServed = (slot: number): boolean => serving.some((worker) => worker.slot === slot && worker.state === 'ready')
  const isCurrent = (worker: WorkerView): boolean =>
    worker.generation === generation && worker.slot < desired.slots.length && desired.slots[worker.slot] === generation
  const isSettled = (slot: number): boolean =>
    serving.some((worker) => worker.slot === slot && worker.state === 'ready' && isCurrent(worker) && !worker.isStale)

  const all = [...desired.slots.keys()]
  const left = all.filter((slot) => desired.slots[slot] !== generation)
  const underWay = all.filter((slot) => desired.slots[slot] === generation && !isSettled(slot)).length
  const outgoing = workers.filter((worker) => worker.state === 'draining' ||
    (worker.state === 'ready' && !isCurrent(worker) && isSettled(worker.slot))).length

  if (left.length === 0 && underWay === 0 && serving.every(isCurrent)) return { isComplete: true }

  const steps = Math.max(1, desired.maxSurge) - underWay
  const drains = maxDraining - outgoing - underWay
  // Slots that nobody serves first: with them nothing is risked.
  const next = left.toSorted((one, other) => Number(isServed(one)) - Number(isServed(other)) || one - other)
    .slice(0, Math.max(0, Math.min(steps, drains)))
  return {
    isComplete: false,
    slots: desired.slots.map((current, slot) => next.includes(slot) ? generation : current),
    isWaitingForDrains: left.length > 0 && steps > 0 && drains <= 0
  }
}
