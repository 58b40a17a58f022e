import { setTimeout as sleep } from 'node:timers/promises'

import { requestHead } from '../clients/raw/raw-request.ts'
import type { Target } from '../clients/target.ts'
import { Latencies } from '../measure/latencies.ts'
import { LeanConnection } from './lean-connection.ts'

export interface LeanLoadOptions {
  readonly target: Target
  readonly connections: number
  /** A new connection for each request. */
  readonly isFresh?: boolean
}

/** The counts since the last `take()`. */
export interface LeanCount {
  readonly answered: number
  readonly failures: number
  /** Requests a second. */
  readonly rate: number
  readonly p50: number
  readonly p99: number
  /** CPU time of this process as a share of one CPU. */
  readonly generatorShare: number
}

/** Milliseconds, so that a server which has exited is not asked a million times. */
const PAUSE_AFTER_FAILURE = 50

/** Clients that send `GET /` as fast as they are answered, each in a closed loop, until they are stopped. */
export class LeanLoad {
  readonly #options: LeanLoadOptions
  readonly #request: string
  readonly #connections: Array<LeanConnection | undefined>
  readonly #bodies: string[] = []
  #latencies = new Latencies()
  #failures = 0
  #countedSince = performance.now()
  #cpu = process.cpuUsage()
  #isStopped = false

  constructor (options: LeanLoadOptions) {
    this.#options = options
    this.#request = requestHead(options.target, 'GET', '/', options.isFresh === true ? ['Connection: close'] : [])
    this.#connections = Array.from({ length: options.connections }, () => undefined)
    for (let index = 0; index < options.connections; index++) this.#open(index)
  }

  /** @param duration milliseconds to count for, from now on */
  async measure (duration: number): Promise<LeanCount> {
    this.take()
    await sleep(duration)
    return this.take()
  }

  /** @returns the counts since the last call; counting starts again */
  take (): LeanCount {
    const now = performance.now()
    const elapsed = now - this.#countedSince
    const { user, system } = process.cpuUsage(this.#cpu)
    const latencies = this.#latencies
    const count = {
      answered: latencies.count,
      failures: this.#failures,
      rate: latencies.count / elapsed * 1000,
      p50: latencies.percentile(0.5),
      p99: latencies.percentile(0.99),
      generatorShare: (user + system) / 1000 / elapsed
    }
    this.#latencies = new Latencies()
    this.#failures = 0
    this.#countedSince = now
    this.#cpu = process.cpuUsage()
    return count
  }

  /** @returns how many connections each worker has, by the last answer on each */
  connectionsByWorker (): number[] {
    const counts = new Map<string, number>()
    for (const body of this.#bodies) counts.set(body, (counts.get(body) ?? 0) + 1)
    return [...counts.values()]
  }

  stop (): void {
    this.#isStopped = true
    for (const connection of this.#connections) connection?.close()
  }

  #open (index: number): void {
    if (this.#isStopped) return
    let startedAt = performance.now()
    const connection: LeanConnection = new LeanConnection(this.#options.target, this.#request, {
      answered: (body, closes) => {
        const now = performance.now()
        this.#latencies.add(now - startedAt)
        this.#bodies[index] = body
        if (closes) {
          this.#open(index)
        } else {
          startedAt = now
          connection.send()
        }
      },
      failed: () => {
        this.#failures++
        setTimeout(() => { this.#open(index) }, PAUSE_AFTER_FAILURE)
      },
      closed: () => { this.#open(index) }
    })
    this.#connections[index] = connection
    connection.send()
  }
}
