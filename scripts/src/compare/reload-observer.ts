import { setTimeout as sleep } from 'node:timers/promises'

import type { WorkerSighting } from '../clients/recorder.ts'
import { childrenOf } from '../measure/process-tree.ts'
import type { Reload, Reloader } from '../service/reload.ts'
import type { RunningPeer } from './peer.ts'

const LOOK_INTERVAL = 20

/**
 * Follows the reloads of any peer in the same way, from outside: a reload has ended when as many new workers
 * as there should be have answered; what the peer reports does not count.
 *
 * A proxy has new workers as soon as it has new processes.
 */
export class ReloadObserver implements Reloader {
  readonly #peer: RunningPeer
  readonly #workers: number
  /** Every worker that has answered, and when it first did. */
  readonly #firstSeen = new Map<string, number>()
  /** Workers that the last reload should have replaced; empty during a reload. */
  #old: ReadonlySet<string> = new Set()
  #answers = 0
  #oldAnswers = 0

  /** @param workers how many workers answer, when the answers name them */
  constructor (peer: RunningPeer, workers: number) {
    this.#peer = peer
    this.#workers = workers
  }

  readonly observe = ({ worker: { pid, slot, generation }, seenAt }: WorkerSighting): void => {
    const name = `${pid}/${slot}/${generation}`
    if (!this.#firstSeen.has(name)) this.#firstSeen.set(name, seenAt)
    if (this.#old.size === 0) return
    this.#answers++
    if (this.#old.has(name)) this.#oldAnswers++
  }

  /**
   * Of the answers after the end of a reload, the share that old workers gave; NaN when the answers do not name their
   * workers, or there are none.
   */
  get oldShare (): number {
    return this.#peer.newProcesses === undefined ? this.#oldAnswers / this.#answers : NaN
  }

  async reload (timeout: number, signal: AbortSignal): Promise<Reload> {
    const { newProcesses } = this.#peer
    this.#old = new Set()
    const old = new Set(this.#firstSeen.keys())
    const findEnd = newProcesses === undefined ? this.#watchAnswers(old) : this.#watchProcesses(newProcesses)
    const startedAt = performance.now()
    const end = (outcome: Reload['outcome'], endedAt: number, reason?: string): Reload => {
      return { outcome, startedAt, endedAt, duration: endedAt - startedAt, ...(reason === undefined ? {} : { reason }) }
    }
    const failed = new AbortController()
    const abandoned = AbortSignal.any([failed.signal, signal])
    const command = this.#peer.reload().catch((error) => { failed.abort(error) })
    while (!abandoned.aborted && performance.now() - startedAt < timeout) {
      const endedAt = findEnd()
      if (endedAt !== undefined) {
        // The peer would refuse the next command while this one is running.
        await command
        this.#old = old
        return end('completed', endedAt)
      }
      await sleep(LOOK_INTERVAL)
    }
    const reason = failed.signal.aborted ? (failed.signal.reason as Error).message : `no ${newProcesses ?? this.#workers} new workers within ${timeout} ms`
    return end('unknown', performance.now(), signal.aborted ? 'the run was interrupted' : reason)
  }

  #watchAnswers (old: ReadonlySet<string>): () => number | undefined {
    return () => {
      const times = [...this.#firstSeen].flatMap(([name, seenAt]) => old.has(name) ? [] : [seenAt])
      return times.length >= this.#workers ? times.toSorted((a, b) => a - b)[this.#workers - 1] : undefined
    }
  }

  #watchProcesses (wanted: number): () => number | undefined {
    const root = this.#peer.pids[0] ?? 0
    // Workers of earlier reloads may still be finishing.
    const old = new Set(childrenOf(root))
    return () => childrenOf(root).filter((pid) => !old.has(pid)).length >= wanted ? performance.now() : undefined
  }
}
