import { setTimeout as sleep } from 'node:timers/promises'

import type { WorkerSighting } from '../clients/client-kind.ts'
import type { Reload, Reloader } from '../service/reload.ts'
import { childrenOf } from '../measure/process-tree.ts'
import type { RunningPeer } from './peer.ts'

const LOOK_INTERVAL = 20

/**
 * Follows the reloads of any peer in the same way, from outside: one is over when as many new workers as
 * there should be have answered, whatever the peer says of itself.
 *
 * Who only passes answers on has new workers as soon as it has new processes.
 */
export class ReloadObserver implements Reloader {
  readonly #peer: RunningPeer
  readonly #workers: number
  /** Every worker that ever answered, and when it did first. */
  readonly #firstSeen = new Map<string, number>()
  /** Those that the last reload should have replaced; empty while one is at work. */
  #old: ReadonlySet<string> = new Set()
  #answers = 0
  #oldAnswers = 0

  /** @param workers how many answer, of a peer whose answers say who gives them */
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

  /** Of the answers after reloads that were over, the share that old workers gave; NaN when the answers do not tell, or there are none. */
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
        // The next command would be refused while this one is still at work.
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
    // Those of earlier reloads may still be finishing.
    const old = new Set(childrenOf(root))
    return () => childrenOf(root).filter((pid) => !old.has(pid)).length >= wanted ? performance.now() : undefined
  }
}
