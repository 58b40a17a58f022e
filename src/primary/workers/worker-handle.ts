import type { WorkerLimits } from '../../config/config.ts'
import type { ErrorReport } from '../../errors.ts'
import type { DrainProgress, Load } from '../../protocol/messages.ts'
import type { Generation } from '../release/generation.ts'
import type { WorkerProcess } from './host.ts'

export type WorkerState = 'starting' | 'ready' | 'hung' | 'draining' | 'exited'

const NEXT: Readonly<Record<WorkerState, readonly WorkerState[]>> = {
  starting: ['ready', 'draining', 'exited'],
  ready: ['hung', 'draining', 'exited'],
  // Serves nobody, and is about to be killed. It is not disconnected: with the last worker of the port
  // cluster would close the socket, and connections would be refused until there is another.
  hung: ['exited'],
  draining: ['exited'],
  exited: []
}

/** What `plan()` needs to know of a worker. */
export interface WorkerView {
  readonly id: number
  readonly slot: number
  readonly generation: number
  readonly state: WorkerState
  /** To be relieved although it is of the wanted generation. */
  readonly isStale: boolean
  /** When it is killed, for starting, draining or being silent too long; Infinity when nothing is waited for. */
  readonly deadline: number
}

/** Share by which the limits of requests and age differ from worker to worker, up and down. */
const LIMIT_SPREAD = 0.1

/** One worker as the primary sees it: its state, its deadlines, and what is known of its end. */
export class WorkerHandle implements WorkerView {
  readonly id: number
  readonly slot: number
  readonly release: Generation
  readonly forkedAt: number
  process: WorkerProcess | undefined
  isStale = false
  deadline: number
  readyAt: number | undefined
  drainingAt: number | undefined
  /** The error that it reported, or that we found. */
  failure: ErrorReport | undefined
  /** Its crash is on record, although it may still be there. */
  hasCrashed = false
  /** We killed it, for a deadline. */
  wasKilled = false
  /** What its last heartbeat said. */
  load: Load | undefined
  /** When it last answered a question. */
  answeredAt: number | undefined
  /** What it still held when it last said so while draining. */
  progress: DrainProgress | undefined
  readonly #limits: WorkerLimits
  #state: WorkerState = 'starting'
  #isListening = false
  #hasSaidReady = false

  /** @param random from 0 to 1: spreads the ends of workers that were started together */
  constructor (id: number, slot: number, release: Generation, now: number, random = 0.5) {
    this.id = id
    this.slot = slot
    this.release = release
    this.forkedAt = now
    this.deadline = now + release.config.startTimeout
    const { rss, requests, age } = release.config.workerLimits
    const spread = 1 - LIMIT_SPREAD + 2 * LIMIT_SPREAD * random
    this.#limits = { rss, requests: requests * spread, age: age * spread }
  }

  get state (): WorkerState {
    return this.#state
  }

  get generation (): number {
    return this.release.number
  }

  get pid (): number | undefined {
    return this.process?.pid
  }

  /** Connections may be on their way to it, also before it is ready. */
  get isListening (): boolean {
    return this.#isListening
  }

  /** @throws Error for a move that the table of states does not have: a defect of the supervisor */
  moveTo (state: WorkerState, now: number): void {
    if (!NEXT[this.#state].includes(state)) {
      throw new Error(`a worker cannot go from ${this.#state} to ${state}`)
    }
    this.#state = state
    if (state === 'ready') this.readyAt = now
    if (state === 'draining') this.drainingAt = now
  }

  /** The cluster's `listening` event and the worker's own word may come in either order. */
  listens (now: number): boolean {
    this.#isListening = true
    return this.#becomeReady(now)
  }

  saysReady (now: number): boolean {
    this.#hasSaidReady = true
    return this.#becomeReady(now)
  }

  /** It was heard of: a ready worker that stays silent for too long hangs. */
  isAlive (now: number): void {
    if (this.#state === 'ready') this.deadline = now + this.release.config.heartbeatTimeout
  }

  /**
   * Nobody listened for a while: silence until now means nothing, and what was said is still to be read.
   *
   * @param grace milliseconds for reading it
   */
  forgive (now: number, grace: number): void {
    this.isAlive(now)
    if (this.#state === 'starting') this.deadline = Math.max(this.deadline, now + grace)
  }

  /** @returns which limit of a worker's life it is over, if it is; said once */
  outlives (load: Load, now: number): string | undefined {
    if (this.#state !== 'ready' || this.isStale) return undefined
    if (load.rss > this.#limits.rss) return 'MAX_WORKER_RSS_BYTES'
    if (load.served > this.#limits.requests) return 'MAX_WORKER_REQUESTS'
    return now - this.forkedAt > this.#limits.age ? 'MAX_WORKER_AGE_MS' : undefined
  }

  /** @returns whether it has become ready by this */
  #becomeReady (now: number): boolean {
    // What it said before it was killed, or before it failed, may arrive after that.
    if (this.#state !== 'starting' || this.failure !== undefined || !this.#isListening || !this.#hasSaidReady) return false
    this.moveTo('ready', now)
    this.isAlive(now)
    return true
  }
}

/** @returns the fields that every log line about a worker has */
export function identify ({ slot, generation, pid }: WorkerHandle): { slot: number, generation: number, pid: number | undefined } {
  return { slot, generation, pid }
}

/** @returns how a process ended that nobody had asked to, as a verb phrase */
export function describeExit (code: number | null, signal: NodeJS.Signals | null, wasAsked = false): string {
  if (signal !== null) return `was killed by ${signal}`
  if (code !== 0) return `exited with code ${code}`
  return wasAsked ? 'disconnected and exited by itself' : 'exited by itself'
}
