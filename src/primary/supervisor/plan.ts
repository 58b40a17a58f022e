import type { WorkerView } from '../workers/worker-handle.ts'
import { isReady, isStarting, type Slots } from './slots.ts'

/** What the pool should be. */
export interface Desired {
  /** Generation of each slot. */
  readonly slots: readonly number[]
  /** Workers that may exist above the number of slots, draining ones not counted; 0 drains before it forks. */
  readonly maxSurge: number
  /** When the next crashed worker may be replaced. */
  readonly restartAt: number
  /** A generation without a crash so far: crashes of another one do not delay its starts. */
  readonly fresh?: number | undefined
  /** The canary's slot: its old worker stays until the release has proved itself. */
  readonly keep?: number | undefined
  /** While this many workers are draining, no ready worker is replaced; any number when it is undefined. */
  readonly maxDraining?: number
}

export interface Plan {
  readonly fork: ReadonlyArray<{ readonly slot: number, readonly generation: number }>
  /** Ids of the workers to drain. */
  readonly drain: readonly number[]
  /** Ids of the workers that missed their deadline. */
  readonly kill: readonly number[]
  /** When to look again even if nothing happens; Infinity for never. */
  readonly wakeAt: number
}

/** A slot and the workers that serve it. */
interface Slot {
  readonly slot: number
  readonly generation: number
  /** Workers of the wanted generation. */
  readonly current: readonly WorkerView[]
  /** Workers that should be relieved. */
  readonly others: readonly WorkerView[]
}

/**
 * Says what to do next to bring the pool from what it is to what it should be.
 *
 * Pure: the supervisor calls it after every event and carries out the answer. It never takes the number of ready
 * workers below the number of slots (with `maxSurge` 0, one may be missing), and never has more workers starting or
 * ready than slots + `maxSurge`.
 */
export function plan (pool: Slots, desired: Desired, now: number): Plan {
  const { alive, serving } = pool
  const slots = desired.slots.map((generation, slot): Slot =>
    ({ slot, generation, current: pool.current(slot, generation), others: pool.others(slot, generation) }))

  const vacant = slots.filter(({ current }) => current.length === 0)
  const due = vacant.filter(({ generation }) => generation === desired.fresh || desired.restartAt <= now)
  const allowed = withoutOverload(due, slots, pool.draining.length, desired.maxDraining ?? Infinity)
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

/**
 * Slots without a ready worker do not wait. Of the others, no more are begun than may drain afterwards. Stale workers
 * are replaced one at a time, because workers that were started together reach their limits together.
 */
function withoutOverload (due: readonly Slot[], slots: readonly Slot[], draining: number, maxDraining: number): Slot[] {
  const underWay = slots.filter((slot) => slot.current.length > 0 && isServed(slot))
  const served = due.filter(isServed)
  const stale = served.filter(hasStale).slice(underWay.some(hasStale) ? 0 : 1)
  return [
    ...due.filter((slot) => !isServed(slot)),
    ...served.filter((slot) => !stale.includes(slot)).slice(0, Math.max(0, maxDraining - draining - underWay.length))
  ]
}

/** Starting workers of a generation that is no longer wanted: they hold no request, so they are ended at once. */
function unwantedStarts (serving: readonly WorkerView[], slots: readonly Slot[]): WorkerView[] {
  const wanted = new Set(slots.flatMap(({ current }) => current))
  return serving.filter((worker) => worker.state === 'starting' && !wanted.has(worker))
}

/**
 * Replacement first: a worker drains when its slot has a ready replacement and enough ready workers are left.
 *
 * Not while other slots are being replaced, or could be: all replacements that there is room for become ready before
 * the first old worker drains. Connections then spread over all of them instead of piling up on the first.
 */
function drainsAfterForks (serving: readonly WorkerView[], slots: readonly Slot[], keep: number | undefined): WorkerView[] {
  const relieved = slots.flatMap(({ slot, generation, current, others }) => {
    if (slot !== keep) return current.some(isReady) ? others : allButBest(others)
    // Of the old workers only: the canary is watched even if it is stale by now.
    return allButBest(others.filter((worker) => worker.generation !== generation))
  })
  const beyond = serving.filter(({ slot }) => slot >= slots.length)
  const spare = serving.filter(isReady).length - slots.length
  return [...beyond, ...relieved].filter(isReady).slice(0, Math.max(0, spare))
}

/**
 * After a time in which no worker could be spared, a slot can have two ready workers that should both be relieved. One
 * of them has to drain to make room for the replacement. The one that is not stale stays, or else the one of the older
 * release: the newer release was abandoned before it had proved itself.
 */
function allButBest (others: readonly WorkerView[]): WorkerView[] {
  return others.filter(isReady).toSorted((one, other) =>
    Number(other.isStale) - Number(one.isStale) || other.generation - one.generation || one.id - other.id).slice(0, -1)
}

/** `maxSurge` 0, no memory to spare: when all workers are ready, one drains, and it is replaced when it has exited. */
function drainsBeforeForks (alive: readonly WorkerView[], slots: readonly Slot[], keep: number | undefined): WorkerView[] {
  const isComplete = alive.length >= slots.length && alive.every(isReady)
  const beyond = alive.filter(({ slot }) => slot >= slots.length)
  const next = slots.flatMap(({ slot, others }) => slot === keep ? [] : others)
  return isComplete ? [...beyond, ...next].slice(0, Math.max(1, alive.length - slots.length)) : []
}

/** Slots without a ready worker come first. */
function byNeed (one: Slot, other: Slot): number {
  return Number(isServed(one)) - Number(isServed(other))
}

/** It has a ready worker, although one that should be relieved. */
function isServed ({ others }: Slot): boolean {
  return others.some(isReady)
}

/** It has a ready worker of the wanted generation that is stale. */
function hasStale ({ generation, others }: Slot): boolean {
  return others.some((worker) => isReady(worker) && worker.generation === generation)
}
