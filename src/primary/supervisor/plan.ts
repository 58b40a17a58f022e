import type { WorkerView } from '../workers/worker-handle.ts'

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
  /** While so many are draining nobody who serves is replaced; without it any number may. */
  readonly maxDraining?: number
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
  const serving = alive.filter(({ state }) => state === 'starting' || state === 'ready')
  const slots = desired.slots.map((generation, slot) => viewSlot(serving, slot, generation))

  const vacant = slots.filter(({ current }) => current.length === 0)
  const due = vacant.filter(({ generation }) => generation === desired.fresh || desired.restartAt <= now)
  const allowed = withoutHaste(due, slots, alive.filter(isDraining).length, desired.maxDraining ?? Infinity)
  const ceiling = desired.slots.length + desired.maxSurge

  const unwanted = unwantedStarts(serving, slots)
  const hasRoom = serving.length - unwanted.length < ceiling
  const isReplacing = slots.some(({ current, others }) => current.some(isStarting) && others.some(isReady)) ||
    (hasRoom && allowed.some(({ others }) => others.some(isReady)))
  const relieved = desired.maxSurge === 0 && slots.length > 0
    ? drainsBeforeForks(alive, slots, desired.keep)
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
      due.length < vacant.length ? desired.restartAt : Infinity
    )
  }
}

function viewSlot (serving: readonly WorkerView[], slot: number, generation: number): Slot {
  const mine = serving.filter((worker) => worker.slot === slot)
  const isCurrent = (worker: WorkerView): boolean => worker.generation === generation && !worker.isStale
  return { slot, generation, current: mine.filter(isCurrent), others: mine.filter((worker) => !isCurrent(worker)) }
}

/**
 * Slots that nobody serves cannot wait. Of those in which somebody does, no more are begun than may drain
 * afterwards; and one after the other where a worker is stale, because leaks and ages tend to come together.
 */
function withoutHaste (due: readonly Slot[], slots: readonly Slot[], draining: number, maxDraining: number): Slot[] {
  const underWay = slots.filter((slot) => slot.current.length > 0 && isServed(slot))
  const served = due.filter(isServed)
  const stale = served.filter(hasStale).slice(underWay.some(hasStale) ? 0 : 1)
  return [
    ...due.filter((slot) => !isServed(slot)),
    ...served.filter((slot) => !stale.includes(slot)).slice(0, Math.max(0, maxDraining - draining - underWay.length))
  ]
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
  const relieved = slots.flatMap(({ slot, generation, current, others }) => {
    if (slot !== keep) return current.some(isReady) ? others : allButBest(others)
    // Of the old workers: the new one is watched on, also when it is stale by now.
    return allButBest(others.filter((worker) => worker.generation !== generation))
  })
  const beyond = serving.filter(({ slot }) => slot >= slots.length)
  const spare = serving.filter(isReady).length - slots.length
  return [...beyond, ...relieved].filter(isReady).slice(0, Math.max(0, spare))
}

/**
 * Two that are both to be relieved may have come together while no worker could be spared: without one of
 * them going there would be no room for the replacement. The one stays that was not marked, or else is of
 * the older release: the newer one was given up before it had proved itself.
 */
function allButBest (others: readonly WorkerView[]): WorkerView[] {
  return others.filter(isReady).toSorted((one, other) =>
    Number(other.isStale) - Number(one.isStale) || other.generation - one.generation || one.id - other.id).slice(0, -1)
}

/** No memory to spare: one goes when all serve, and its place is filled when it has exited. */
function drainsBeforeForks (alive: readonly WorkerView[], slots: readonly Slot[], keep: number | undefined): WorkerView[] {
  const isComplete = alive.length >= slots.length && alive.every(isReady)
  const beyond = alive.filter(({ slot }) => slot >= slots.length)
  const next = slots.flatMap(({ slot, others }) => slot === keep ? [] : others)
  return isComplete ? [...beyond, ...next].slice(0, Math.max(1, alive.length - slots.length)) : []
}

/** Slots that nobody serves come first. */
function byNeed (one: Slot, other: Slot): number {
  return Number(isServed(one)) - Number(isServed(other))
}

/** By one who is to be relieved. */
function isServed ({ others }: Slot): boolean {
  return others.some(isReady)
}

/** Somebody is to be relieved who is of the wanted generation. */
function hasStale ({ generation, others }: Slot): boolean {
  return others.some((worker) => isReady(worker) && worker.generation === generation)
}

function isReady ({ state }: WorkerView): boolean {
  return state === 'ready'
}

function isStarting ({ state }: WorkerView): boolean {
  return state === 'starting'
}

function isDraining ({ state }: WorkerView): boolean {
  return state === 'draining'
}
