import type { WorkerView } from './worker-handle.ts'

/** What the pool should be. */
export interface Desired {
  /** Generation of each slot. */
  readonly slots: readonly number[]
  /** Workers that may exist above the number of slots, draining ones not counted; 0 drains before it forks. */
  readonly maxSurge: number
  /** Before it no crashed worker is replaced. */
  readonly restartAt: number
  /** Generation of which none has crashed yet: its starts are not delayed by the crashes of another. */
  readonly fresh?: number | undefined
  /** Slot whose old worker stays, because the new one has not proved itself yet. */
  readonly keep?: number | undefined
}

export interface Plan {
  readonly fork: ReadonlyArray<{ readonly slot: number, readonly generation: number }>
  /** Ids of the workers to drain. */
  readonly drain: readonly number[]
  /** Ids of the workers whose deadline has passed. */
  readonly kill: readonly number[]
  /** When to look again although nothing happened; Infinity for never. */
  readonly wakeAt: number
}

interface Slot {
  readonly slot: number
  readonly generation: number
  /** Of the wanted generation: one at most. */
  readonly current: readonly WorkerView[]
  /** To be relieved by it. */
  readonly others: readonly WorkerView[]
}

/**
 * Says what to do next to bring the pool from what it is to what it should be.
 *
 * Pure: the supervisor calls it after every event and carries out the answer. Ready workers never fall
 * below the number of slots by what it says (`maxSurge` 0 lets one be missing), and living ones that are
 * not draining never rise above slots + `maxSurge`.
 */
export function plan (workers: readonly WorkerView[], desired: Desired, now: number): Plan {
  const alive = workers.filter(({ state }) => state !== 'exited')
  const serving = alive.filter(({ state }) => state !== 'draining')
  const slots = desired.slots.map((generation, slot) => viewSlot(serving, slot, generation))

  const vacant = slots.filter(({ current }) => current.length === 0)
  const allowed = vacant.filter(({ generation }) => generation === desired.fresh || desired.restartAt <= now)
  const ceiling = desired.slots.length + desired.maxSurge

  const unwanted = unwantedStarts(serving, slots)
  const hasRoom = serving.length - unwanted.length < ceiling
  const isReplacing = slots.some(({ current, others }) => current.some(isStarting) && others.some(isReady)) ||
    (hasRoom && allowed.some(({ others }) => others.some(isReady)))
  const relieved = desired.maxSurge === 0 && slots.length > 0
    ? drainsBeforeForks(alive, slots)
    : isReplacing ? [] : drainsAfterForks(serving, slots, desired.keep)
  const drain = [...relieved, ...unwanted]

  const places = ceiling - (desired.maxSurge === 0 ? alive.length : serving.length - drain.length)
  const fork = allowed.toSorted(byNeed).slice(0, Math.max(0, places))

  return {
    fork: fork.map(({ slot, generation }) => ({ slot, generation })),
    drain: drain.map(({ id }) => id),
    kill: alive.filter(({ deadline }) => deadline <= now).map(({ id }) => id),
    wakeAt: Math.min(
      ...alive.map(({ deadline }) => deadline).filter((deadline) => deadline > now),
      allowed.length < vacant.length ? desired.restartAt : Infinity
    )
  }
}

function viewSlot (serving: readonly WorkerView[], slot: number, generation: number): Slot {
  const mine = serving.filter((worker) => worker.slot === slot)
  const isCurrent = (worker: WorkerView): boolean => worker.generation === generation && !worker.isStale
  return { slot, generation, current: mine.filter(isCurrent), others: mine.filter((worker) => !isCurrent(worker)) }
}

/** Starting workers that nobody waits for any more: they serve nothing, so they go at once. */
function unwantedStarts (serving: readonly WorkerView[], slots: readonly Slot[]): WorkerView[] {
  const wanted = new Set(slots.flatMap(({ current }) => current))
  return serving.filter((worker) => worker.state === 'starting' && !wanted.has(worker))
}

/**
 * A replacement first: whoever has a ready one in the same slot goes, as long as that leaves enough.
 *
 * Not while others are being replaced, or could be: all replacements for which there is room become ready
 * before the first old worker goes. Connections then spread over all of them, instead of piling up on the first.
 */
function drainsAfterForks (serving: readonly WorkerView[], slots: readonly Slot[], keep: number | undefined): WorkerView[] {
  // Two that are both to be relieved may have come together while no worker could be spared: without the
  // older one going there would be no room for the replacement.
  const relieved = slots.flatMap(({ slot, current, others }) => current.some(isReady) && slot !== keep ? others : others.filter(isReady).slice(0, -1))
  const beyond = serving.filter(({ slot }) => slot >= slots.length)
  const spare = serving.filter(isReady).length - slots.length
  return [...beyond, ...relieved].filter(isReady).slice(0, Math.max(0, spare))
}

/** No memory to spare: one goes when all serve, and its place is filled when it has exited. */
function drainsBeforeForks (alive: readonly WorkerView[], slots: readonly Slot[]): WorkerView[] {
  const isComplete = alive.length >= slots.length && alive.every(isReady)
  const beyond = alive.filter(({ slot }) => slot >= slots.length)
  const next = slots.flatMap(({ others }) => others)
  return isComplete ? [...beyond, ...next].slice(0, Math.max(1, alive.length - slots.length)) : []
}

/** Slots that nobody serves come first. */
function byNeed (one: Slot, other: Slot): number {
  return Number(one.others.some(isReady)) - Number(other.others.some(isReady))
}

function isReady ({ state }: WorkerView): boolean {
  return state === 'ready'
}

function isStarting ({ state }: WorkerView): boolean {
  return state === 'starting'
}
