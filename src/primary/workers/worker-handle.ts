import type { WorkerLimits } from '../../config/config.ts'
import type { ErrorReport } from '../../errors.ts'
import type { DrainProgress, Load, ToWorker } from '../../protocol/messages.ts'
import type { Generation } from '../release/generation.ts'
import type { WorkerProcess } from './host.ts'

export type WorkerState = 'starting' | 'ready' | 'hung' | 'draining' | 'exited'

const NEXT: Readonly<Record<WorkerState, readonly WorkerState[]>> = {
  starting: ['ready', 'draining', 'exited'],
  ready: ['hung', 'draining', 'exited'],
  // Answers nothing, and is about to be killed. It is not disconnected: with the last worker of the port cluster
  // would close the socket, and connections would be refused until there is another worker.
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
  /** Should be relieved although it is of the wanted generation. */
  readonly isStale: boolean
  /** When it is killed, for starting or draining too long, or for silence; Infinity when it has no deadline. */
  readonly deadline: number
}

/** Share by which the limits of requests and age differ from worker to worker, up and down. */
const LIMIT_SPREAD = 0.1

/** Milliseconds for a starting worker that is no longer wanted to exit: the next reload waits for it. */
const UNWANTED_TIMEOUT = 2000

/**
 * One worker as the primary sees it: its state, its deadlines, and what it reported. Its fields change only here;
 * the verbs say what happened to it.
 */
export class WorkerHandle implements WorkerView {
  readonly id: number
  readonly slot: number
  readonly release: Generation
  readonly forkedAt: number
  readonly #limits: WorkerLimits
  #process: WorkerProcess | undefined
  #state: WorkerState = 'starting'
  #deadline: number
  #isStale = false
  #isListening = false
  #hasReportedReady = false
  #hasCrashed = false
  #wasKilled = false
  #readyAt: number | undefined
  #drainingAt: number | undefined
  #answeredAt: number | undefined
  #failure: ErrorReport | undefined
  #load: Load | undefined
  #progress: DrainProgress | undefined

  /** @param random from 0 to 1: spreads the ends of workers that were started together */
  constructor (id: number, slot: number, release: Generation, now: number, random = 0.5) {
    this.id = id
    this.slot = slot
    this.release = release
    this.forkedAt = now
    this.#deadline = now + release.config.startTimeout
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

  get process (): WorkerProcess | undefined {
    return this.#process
  }

  /** Connections may be on their way to it, also before it is ready. */
  get isListening (): boolean {
    return this.#isListening
  }

  /** Undefined when the process could not be started. */
  get pid (): number | undefined {
    return this.#process?.pid
  }

  get isStale (): boolean {
    return this.#isStale
  }

  get deadline (): number {
    return this.#deadline
  }

  get readyAt (): number | undefined {
    return this.#readyAt
  }

  get drainingAt (): number | undefined {
    return this.#drainingAt
  }

  /** When it last answered a ping. */
  get answeredAt (): number | undefined {
    return this.#answeredAt
  }

  /** The error that it reported, or that the primary found. */
  get failure (): ErrorReport | undefined {
    return this.#failure
  }

  /** The primary killed it at a deadline. */
  get wasKilled (): boolean {
    return this.#wasKilled
  }

  /** What its last heartbeat said. */
  get load (): Load | undefined {
    return this.#load
  }

  /** What it still held when it last reported while draining. */
  get progress (): DrainProgress | undefined {
    return this.#progress
  }

  attach (process: WorkerProcess): void {
    this.#process = process
  }

  send (message: ToWorker): void {
    this.#process?.send(message)
  }

  /** Best effort: see `WorkerProcess`. */
  async readStack (): Promise<string | undefined> {
    return await this.#process?.readStack()
  }

  /**
   * It listens on the port of the service. That and its own report come in either order.
   *
   * @returns whether it has become ready by this
   */
  listens (now: number): boolean {
    this.#isListening = true
    return this.#becomeReady(now)
  }

  /** @returns whether it has become ready by this */
  reportReady (now: number): boolean {
    this.#hasReportedReady = true
    return this.#becomeReady(now)
  }

  /** A message arrived: a ready worker that stays silent for too long hangs. */
  noteAlive (now: number): void {
    if (this.#state === 'ready') this.#deadline = now + this.release.config.heartbeatTimeout
  }

  /** It answered a ping. */
  noteAnswer (now: number): void {
    this.#answeredAt = now
  }

  noteProgress (progress: DrainProgress): void {
    this.#progress = progress
  }

  /** @returns the limit that the worker exceeds, once; it is stale then */
  noteLoad (load: Load, now: number): string | undefined {
    this.#load = load
    const limit = this.#exceeds(load, now)
    return limit !== undefined && this.markStale() ? limit : undefined
  }

  /** Marks a ready worker to be relieved. @returns whether that is new */
  markStale (): boolean {
    if (this.#state !== 'ready' || this.#isStale) return false
    this.#isStale = true
    return true
  }

  /** The first error counts. */
  fail (error: ErrorReport): void {
    this.#failure ??= error
  }

  /**
   * It reported that it cannot start, but connections may already be on their way to it: taken out of rotation, it
   * receives those first and the disconnect after them.
   */
  leaveRotationUnready (): void {
    if (this.#state === 'starting' && this.#isListening) this.#process?.disconnect()
  }

  /** Marks a crash as counted. @returns whether it is the first of this worker */
  noteCrash (): boolean {
    const isFirst = !this.#hasCrashed
    this.#hasCrashed = true
    return isFirst
  }

  /**
   * Takes it out of rotation, so that it exits once its requests are answered.
   *
   * @param timeout milliseconds until it is killed; shorter while it is starting, because it holds no request and
   * may not read messages yet
   */
  drain (now: number, limits: { readonly timeout: number, readonly idleTimeout?: number }): void {
    const wasStarting = this.#state === 'starting'
    this.#moveTo('draining')
    this.#drainingAt = now
    this.#deadline = wasStarting
      ? Math.min(this.#deadline, now + limits.timeout, now + UNWANTED_TIMEOUT)
      : now + limits.timeout
    this.send({ type: 'drain', limits })
    this.#process?.disconnect()
  }

  /** Gives a worker that is already draining or hung other limits. */
  limitDrain (now: number, limits: { readonly timeout: number, readonly idleTimeout?: number }): void {
    if ((this.#state !== 'draining' && this.#state !== 'hung') || this.#wasKilled) return
    this.#deadline = Math.min(this.#deadline, now + limits.timeout)
    if (this.#state === 'draining') this.send({ type: 'drain', limits: { ...limits, timeout: this.#deadline - now } })
  }

  /** @param deadline when it is killed even if its stack has not been read */
  hang (deadline: number): void {
    this.#moveTo('hung')
    this.#deadline = deadline
  }

  kill (): void {
    this.#deadline = Infinity
    this.#wasKilled = true
    this.#process?.kill()
  }

  /** Ends the process at once, for another reason than a deadline. */
  end (): void {
    this.#process?.kill()
  }

  exit (): void {
    this.#moveTo('exited')
  }

  /**
   * The primary was paused until now: silence means nothing, and what the worker sent is still unread.
   *
   * @param grace milliseconds for reading it
   */
  creditPause (now: number, grace: number): void {
    this.noteAlive(now)
    if (this.#state === 'starting') this.#deadline = Math.max(this.#deadline, now + grace)
  }

  #exceeds ({ rss, served }: Load, now: number): string | undefined {
    if (rss > this.#limits.rss) return 'MAX_WORKER_RSS_BYTES'
    if (served > this.#limits.requests) return 'MAX_WORKER_REQUESTS'
    return now - this.forkedAt > this.#limits.age ? 'MAX_WORKER_AGE_MS' : undefined
  }

  #becomeReady (now: number): boolean {
    // What it reported before it was killed, or before it failed, may arrive after that.
    if (this.#state !== 'starting' || this.#failure !== undefined || !this.#isListening || !this.#hasReportedReady) return false
    this.#moveTo('ready')
    this.#readyAt = now
    this.noteAlive(now)
    return true
  }

  /** @throws Error for a move that the table of states does not have: a defect of the supervisor */
  #moveTo (state: WorkerState): void {
    if (!NEXT[this.#state].includes(state)) throw new Error(`a worker cannot go from ${this.#state} to ${state}`)
    this.#state = state
  }
}

/** @returns the fields that every log line about a worker has */
export function identify ({ slot, generation, pid }: WorkerHandle): { slot: number, generation: number, pid: number | undefined } {
  return { slot, generation, pid }
}

/** @returns how a process ended, as a verb phrase */
export function describeExit (code: number | null, signal: NodeJS.Signals | null, wasAsked = false): string {
  if (signal !== null) return `was killed by ${signal}`
  if (code !== 0) return `exited with code ${code}`
  return wasAsked ? 'disconnected and exited on its own' : 'exited on its own'
}
