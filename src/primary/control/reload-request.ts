import type { ReloadEvent } from '../../protocol/control-api.ts'
import type { Entry } from '../events.ts'
import type { ReloadOutcome } from '../supervisor/reload-outcome.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import { describeOutcome } from './status.ts'

/** What of the supervisor a reload needs that somebody waits for. */
export type Reloading = Pick<Supervisor, 'reload' | 'events' | 'workers'>

export interface ReloadRequest {
  /** Settled when it has ended and, if that was asked for, when the older workers have gone. */
  readonly outcome: Promise<ReloadOutcome>
  /** Nobody waits any more; the reload goes on. */
  readonly leave: () => void
}

/**
 * Asks for a reload as SIGHUP does, and tells what becomes of it.
 *
 * @param isDrained wait for the end of the workers of older generations as well
 * @param say told every step; the first is the start, unless it ends before it begins
 */
export function requestReload (supervisor: Reloading, isDrained: boolean, say: (event: ReloadEvent) => void, now: () => number): ReloadRequest {
  const { events } = supervisor
  const askedAt = now()
  let ended: ReloadOutcome | undefined
  // A rollout that this one overtakes has its last entries before ours begins.
  let isOurs = false
  let settle: (outcome: ReloadOutcome) => void
  const outcome = new Promise<ReloadOutcome>((resolve) => { settle = resolve })

  const onEntry = (entry: Entry): void => {
    isOurs ||= entry.event === 'reload:started'
    const event = isOurs ? toEvent(entry) : undefined
    if (event !== undefined) say(event)
    if (ended !== undefined) finish(ended)
  }
  const leave = (): void => { events.off('entry', onEntry) }
  const finish = (how: ReloadOutcome): void => {
    const isOlder = ({ generation }: { generation: number }): boolean => generation < Number(how.generation)
    const isWaiting = isDrained && how.result === 'completed'
    if (isWaiting && supervisor.workers.some(isOlder)) return
    if (isWaiting) say({ event: 'reload:drained', durationMs: Math.round(now() - askedAt) })
    leave()
    settle(how)
  }

  events.on('entry', onEntry)
  supervisor.reload((how) => {
    ended = how
    say({ event: 'reload:ended', ...describeOutcome(how) })
    finish(how)
  })
  return { outcome, leave }
}

/** @returns what somebody who waits for a reload is told of it; undefined for nothing */
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
