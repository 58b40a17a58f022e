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
 * Has the service reload at equal distances, and resolves when the time is up and all reloads are over.
 *
 * One at a time: when a reload takes longer than the distance, the next follows at once. After one whose
 * end is unknown there is no further one, because there would be no telling them apart.
 */
export async function runReloads (schedule: ReloadSchedule): Promise<void> {
  const { reloads, reloader, reloadTimeout, duration, startedAt, signal, ledger } = schedule
  const distance = duration / (reloads + 1)
  for (let number = 1; number <= reloads; number++) {
    await waitUntil(startedAt + distance * number, signal)
    if (reloader === undefined || signal.aborted) break

    ledger.reloadStarted()
    const reload = await reloader.reload(reloadTimeout, signal)
    ledger.reloadEnded(reload)
    if (reload.outcome === 'unknown') break
  }
  await waitUntil(startedAt + duration, signal)
}

/** A timer counts from when the event loop last looked at the clock, and is early by what it has been busy with since. */
async function waitUntil (time: number, signal: AbortSignal): Promise<void> {
  try {
    for (let left = time - performance.now(); left > 0; left = time - performance.now()) await sleep(Math.ceil(left), undefined, { signal })
  } catch {
    // Aborted: the caller looks.
  }
}
