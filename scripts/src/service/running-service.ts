import type { WorkerSighting } from '../clients/recorder.ts'
import { ReloadWatch } from './reload-watch.ts'
import type { Reload, Reloader } from './reload.ts'
import { waitFor } from './wait-for.ts'

/** Milliseconds: the current generation must be known before SIGHUP is sent. */
const FIRST_ANSWER_TIMEOUT = 5000

/**
 * A service that was not started here: known by the pid of its primary, and by its answers.
 *
 * `ReloadWatch` finds out when its reloads end; that a reload was refused or failed shows only at
 * the timeout.
 */
export class RunningService implements Reloader {
  readonly #pid: number
  #newestGeneration: number | undefined
  #watch: ReloadWatch | undefined

  /** @throws Error when there is no such process, or it belongs to another user */
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
    await waitFor(() => this.#newestGeneration !== undefined, Math.min(timeout, FIRST_ANSWER_TIMEOUT), signal)
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
    await waitFor(() => watch.endedAt(performance.now()) !== undefined, timeout, signal)
    const endedAt = watch.endedAt(performance.now())
    const generation = watch.newGeneration
    if (endedAt !== undefined && generation !== undefined) {
      return { outcome: 'completed', startedAt, endedAt, duration: endedAt - startedAt, generation }
    }
    if (signal.aborted) return unknown('the run was interrupted')
    return unknown(generation === undefined
      ? `no new generation has answered within ${timeout} ms`
      : `an older generation than ${generation} still answers after ${timeout} ms`)
  }
}
