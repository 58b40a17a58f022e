import { setTimeout as sleep } from 'node:timers/promises'

import type { Ledger } from './ledger.ts'
import type { Reload, Reloader } from './reload.ts'

export interface ReloadSchedule {
  readonly reloads: number
  readonly reloader?: Reloader
  readonly reloadTimeout: number
  readonly duration: number
  /** Of `performance.now()`. */
  readonly startedAt: number
  readonly signal?: AbortSignal
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
  for (let number = 1; number <= reloads && reloader !== undefined; number++) {
    await waitUntil(startedAt + distance * number, signal)
    if (signal?.aborted === true) return

    ledger.reloadStarted()
    const reload = await Promise.race([reloader.reload(reloadTimeout), interruption(signal)])
    ledger.reloadEnded(reload)
    if (reload.outcome === 'unknown') break
  }
  await waitUntil(startedAt + duration, signal)
}

/** @returns what is known of a reload that nobody waits for any longer, when the signal comes */
async function interruption (signal: AbortSignal | undefined): Promise<Reload> {
  const startedAt = performance.now()
  return await new Promise((resolve) => {
    signal?.addEventListener('abort', () => {
      const endedAt = performance.now()
      const duration = endedAt - startedAt
      resolve({ outcome: 'unknown', reason: 'the run was interrupted', startedAt, endedAt, duration })
    }, { once: true })
  })
}

async function waitUntil (time: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(Math.max(0, time - performance.now()), undefined, signal === undefined ? {} : { signal })
  } catch {
    // Aborted: the caller looks.
  }
}
