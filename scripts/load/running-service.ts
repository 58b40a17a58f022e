import { setTimeout } from 'node:timers/promises'

import type { WorkerSighting } from './client-kind.ts'
import type { Reload, Reloader } from './reload.ts'
import { ReloadWatch } from './reload-watch.ts'

const LOOK_INTERVAL = 50

/**
 * A service that somebody else started: it is known by its primary's pid, and by its answers.
 *
 * Where its reloads end is told by `ReloadWatch`; that it did nothing at all, because the reload was
 * refused or failed, can be told only by the timeout.
 */
export class RunningService implements Reloader {
  readonly #pid: number
  #newestGeneration: number | undefined
  #watch: ReloadWatch | undefined

  /** @throws Error when there is no such process, or it is somebody else's */
  constructor (pid: number) {
    process.kill(pid, 0)
    this.#pid = pid
  }

  observe (sighting: WorkerSighting): void {
    const { generation } = sighting.worker
    if (generation === undefined) return
    this.#newestGeneration = Math.max(this.#newestGeneration ?? generation, generation)
    this.#watch?.observe(sighting)
  }

  async reload (timeout: number, signal: AbortSignal): Promise<Reload> {
    const startedAt = performance.now()
    const unknown = (reason: string): Reload => {
      const endedAt = performance.now()
      return { outcome: 'unknown', startedAt, endedAt, duration: endedAt - startedAt, reason }
    }
    if (this.#newestGeneration === undefined) return unknown('no answer to GET / names a generation')

    const watch = new ReloadWatch(this.#newestGeneration, startedAt)
    this.#watch = watch
    try {
      process.kill(this.#pid, 'SIGHUP')
    } catch (error) {
      return unknown(`SIGHUP to ${this.#pid}: ${(error as Error).message}`)
    }
    while (!signal.aborted && performance.now() - startedAt < timeout) {
      await setTimeout(LOOK_INTERVAL)
      const endedAt = watch.endedAt(performance.now())
      const generation = watch.newGeneration
      if (endedAt !== undefined && generation !== undefined) {
        return { outcome: 'completed', startedAt, endedAt, duration: endedAt - startedAt, generation }
      }
    }
    if (signal.aborted) return unknown('the run was interrupted')
    return unknown(watch.newGeneration === undefined
      ? `no new generation has answered within ${timeout} ms`
      : `an older generation than ${watch.newGeneration} still answers after ${timeout} ms`)
  }
}
