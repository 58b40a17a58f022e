import { setTimeout as sleep } from 'node:timers/promises'

import type { Ledger } from '../measure/ledger.ts'
import type { Reloader } from '../service/reload.ts'

export interface ReloadSchedule {
  readonly reloads: number
  readonly reloader: Reloader | undefined
  readonly reloadTimeout: number
  readonly duration: number
  /** Of `performance.now()`. */
  readonly startedAt: number
  /** Ends the schedule early. */
  readonly signal: AbortSignal
  readonly ledger: Pick<Ledger, 'reloadStarted' | 'reloadEnded'>
}

/**
 * Reloads the service at equal intervals, and resolves when the time is up and all reloads have ended.
 *
 * One at a time: when a reload takes longer than the interval, the next follows at once. A reload whose
 * end is unknown is the last, because it could not be told from the next.
 */
export async function runReloads (schedule: ReloadSchedule): Promise<void> {
  const { reloads, reloader, reloadTimeout, duration, startedAt, signal, ledger } = schedule
  const interval = duration / (reloads + 1)
  for (let number = 1; number <= reloads; number++) {
    await waitUntil(startedAt + interval * number, signal)
    if (reloader === undefined || signal.aborted) break

    ledger.reloadStarted()
    const reload = await reloader.reload(reloadTimeout, signal)
    ledger.reloadEnded(reload)
    if (reload.outcome === 'unknown') break
  }
  await waitUntil(startedAt + duration, signal)
}

/** A timer counts from the last time that the event loop read the clock, so in a busy program it fires early. */
async function waitUntil (time: number, signal: AbortSignal): Promise<void> {
  try {
    for (let left = time - performance.now(); left > 0; left = time - performance.now()) await sleep(Math.ceil(left), undefined, { signal })
  } catch {
    // Aborted: the caller checks the signal.
  }
}
