import type { CrashRecord } from './crashes.ts'
import type { Desired } from './plan.ts'
import type { Reloads } from './reloads.ts'
import type { Shutdown } from './shutdown.ts'
import { isReady, type Slots } from './slots.ts'

/** Milliseconds between two checks of the clock while silence has a deadline: a pause of the primary must be noticed. */
const PAUSE_CHECK_INTERVAL = 1000

/** What the desired state is derived from. */
export interface Wishes {
  readonly reloads: Reloads
  readonly crashes: CrashRecord
  readonly shutdown: Shutdown
}

/**
 * Says what the pool should be now.
 *
 * @param mayRestart crashed workers are replaced
 */
export function desiredState ({ reloads, crashes, shutdown }: Wishes, mayRestart: boolean, now: number): Desired {
  return {
    slots: shutdown.isDue(now) ? [] : reloads.slots,
    maxSurge: reloads.maxSurge,
    restartAt: mayRestart ? crashes.restartAt : Infinity,
    fresh: reloads.fresh,
    keep: reloads.canary?.slot,
    maxDraining: reloads.generation.config.maxDraining
  }
}

/** @returns when that changes although nothing happens; Infinity for never */
export function desiredStateChangesAt ({ reloads, crashes, shutdown }: Wishes, slots: Slots, now: number): number {
  const { config } = reloads.generation
  const times = [shutdown.drainAt, crashes.loopingUntil(config), reloads.dueAt, crashes.giveUpAt(config.giveUp)]
  const isSilenceTimed = reloads.canary !== undefined || crashes.isUnserved ||
    slots.alive.some((worker) => isReady(worker) && worker.deadline !== Infinity)
  return Math.min(...times.filter((time) => time > now), isSilenceTimed ? now + PAUSE_CHECK_INTERVAL : Infinity)
}
