import type { ErrorReport } from '../errors.ts'
import type { DrainProgress } from '../messages.ts'
import type { Generation } from './generation.ts'
import type { WorkerProcess } from './host.ts'

export type WorkerState = 'starting' | 'ready' | 'draining' | 'exited'

const NEXT: Readonly<Record<WorkerState, readonly WorkerState[]>> = {
  starting: ['ready', 'draining', 'exited'],
  ready: ['draining', 'exited'],
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
  /** When it is killed, for starting or draining too long; Infinity when nothing is waited for. */
  readonly deadline: number
}

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
  /** What it still held when it last said so while draining. */
  progress: DrainProgress | undefined
  #state: WorkerState = 'starting'
  #isListening = false
  #hasSaidReady = false

  constructor (id: number, slot: number, release: Generation, now: number) {
    this.id = id
    this.slot = slot
    this.release = release
    this.forkedAt = now
    this.deadline = now + release.config.startTimeout
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

  /** @returns whether it has become ready by this */
  #becomeReady (now: number): boolean {
    // What it said before it was killed, or before it failed, may arrive after that.
    if (this.#state !== 'starting' || this.failure !== undefined || !this.#isListening || !this.#hasSaidReady) return false
    this.moveTo('ready', now)
    this.deadline = Infinity
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
