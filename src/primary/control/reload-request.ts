import type { ReloadEvent } from '../../protocol/control-api.ts'
import type { Entry } from '../events.ts'
import type { ReloadOutcome } from '../supervisor/reload-outcome.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import { describeOutcome } from './status.ts'

/** The part of the supervisor that is needed to follow a reload. */
export type ReloadTarget = Pick<Supervisor, 'reload' | 'events' | 'workers'>

export interface ReloadRequest {
  /** Settled when the reload has ended and, if requested, the older workers have exited. */
  readonly outcome: Promise<ReloadOutcome>
  /** Stops following the reload, which continues. */
  readonly unfollow: () => void
}

/**
 * Requests a reload as SIGHUP does, and reports its steps and its outcome.
 *
 * @param waitsForDrains wait as well until the workers of older generations have exited
 * @param report receives every step; the first is the start, unless the reload ends before it begins
 */
export function requestReload (
  supervisor: ReloadTarget, waitsForDrains: boolean, report: (event: ReloadEvent) => void, now: () => number
): ReloadRequest {
  const { events } = supervisor
  const requestedAt = now()
  let ended: ReloadOutcome | undefined
  // The last entries of a rollout that this one overtakes come before ours begins.
  let isOurs = false
  let settle: (outcome: ReloadOutcome) => void
  const outcome = new Promise<ReloadOutcome>((resolve) => { settle = resolve })

  const onEntry = (entry: Entry): void => {
    isOurs ||= entry.event === 'reload:started'
    const event = isOurs ? toEvent(entry) : undefined
    if (event !== undefined) report(event)
    if (ended !== undefined) finish(ended)
  }
  const unfollow = (): void => { events.off('entry', onEntry) }
  const finish = (how: ReloadOutcome): void => {
    const isOlder = ({ generation }: { generation: number }): boolean => generation < Number(how.generation)
    const isWaiting = waitsForDrains && how.result === 'completed'
    if (isWaiting && supervisor.workers.some(isOlder)) return
    if (isWaiting) report({ event: 'reload:drained', durationMs: Math.round(now() - requestedAt) })
    unfollow()
    settle(how)
  }

  events.on('entry', onEntry)
  supervisor.reload((how) => {
    ended = how
    report({ event: 'reload:ended', ...describeOutcome(how) })
    finish(how)
  })
  return { outcome, unfollow }
}

/** @returns the event for a client that follows a reload; undefined for an entry that clients do not receive */
function toEvent (entry: Entry): ReloadEvent | undefined {
  switch (entry.event) {
    case 'reload:started': {
      const { event, generation, workers, slots } = entry
      return { event, generation, workers, slots }
    }
    case 'reload:waiting': return entry
    case 'worker:forked':
    case 'worker:draining': {
      const { event, slot, generation, pid } = entry
      return { event, slot, generation, pid: Number(pid) }
    }
    case 'worker:ready': {
      const { event, slot, generation, pid, durationMs } = entry
      return { event, slot, generation, pid: Number(pid), durationMs }
    }
    case 'worker:exited': {
      const { event, slot, generation, pid, code, signal, wasKilled, durationMs } = entry
      return { event, slot, generation, pid: Number(pid), code, signal, wasKilled, ...durationMs === undefined ? {} : { durationMs } }
    }
    default: return undefined
  }
}
