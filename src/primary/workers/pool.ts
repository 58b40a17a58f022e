import { ForkFailedError, StartTimeoutError, toErrorReport, WorkerExitedError, WorkerHungError, type ErrorReport } from '../../errors.ts'
import type { Measurements } from '../../protocol/measurements.ts'
import type { Logger } from '../../log/logger.ts'
import type { Broadcast, DrainLimits, PoolView } from '../../protocol/messages.ts'
import type { Generation } from '../release/generation.ts'
import { Hearing } from './hearing.ts'
import type { Host } from './host.ts'
import type { CrashReason, Journal } from '../events.ts'
import { describeExit, identify, WorkerHandle } from './worker-handle.ts'

/** What the pool reports: facts, of which the supervisor makes decisions. */
export interface PoolEvents {
  readonly ready: (worker: WorkerHandle) => void
  /**
   * It ended without being asked to, could not start, or cannot go on (then it is stale and still there).
   * Reported once for a worker.
   */
  readonly crashed: (worker: WorkerHandle, cause: ErrorReport) => void
  /** It says what it has measured. */
  readonly measured: (worker: WorkerHandle, measurements: Measurements) => void
  /** Something else is not as it was before. */
  readonly changed: () => void
}

/** Milliseconds that a worker has to end which is not wanted any more before it was ready: the next reload waits for it. */
const UNWANTED_TIMEOUT = 2000

/** Milliseconds in which the host should have found out where a worker hangs: it has 2 s for it. */
const STACK_TIMEOUT = 3000

/** Milliseconds in which we read what came while nobody listened. */
const READING_TIME = 1000

/** The workers there are: starts them, has them drain, ends them, and notes what becomes of them. */
export class Pool {
  readonly #host: Host
  readonly #log: Logger
  readonly #journal: Journal
  readonly #events: PoolEvents
  readonly #hearing: Hearing
  readonly #workers = new Map<number, WorkerHandle>()
  #view: PoolView = { isStopping: false, isCrashLooping: false }
  #forks = 0
  /** Workers of each slot that ended unasked. */
  readonly #crashes = new Map<number, number>()

  constructor (host: Host, log: Logger, journal: Journal, events: PoolEvents) {
    this.#host = host
    this.#log = log
    this.#journal = journal
    this.#events = events
    this.#hearing = new Hearing(host, journal, {
      ready: (worker) => { this.#onReady(worker) },
      unfit: (worker, error) => { this.#crashed(worker, error, 'error') },
      measured: events.measured,
      broadcast: (worker, broadcast) => { this.#relay(worker, broadcast) },
      changed: events.changed
    })
  }

  get workers (): readonly WorkerHandle[] {
    return [...this.#workers.values()]
  }

  /** How many workers were started so far. */
  get forks (): number {
    return this.#forks
  }

  /** @returns how many workers of this slot ended unasked so far */
  crashes (slot: number): number {
    return this.#crashes.get(slot) ?? 0
  }

  fork (slot: number, generation: Generation): void {
    const worker = new WorkerHandle(++this.#forks, slot, generation, this.#host.now(), this.#host.random())
    this.#workers.set(worker.id, worker)
    worker.process = this.#host.fork(generation, slot, {
      listening: () => { if (worker.listens(this.#host.now())) this.#onReady(worker) },
      message: (received) => { this.#hearing.hear(worker, received) },
      exit: (code, signal, wasAsked) => { this.#onExit(worker, code, signal, wasAsked) },
      error: (error) => { this.#onError(worker, error) }
    })
    if (worker.pid !== undefined) this.#journal.note('info', { event: 'worker:forked', ...identify(worker) }, 'worker forked')
  }

  /** Has a worker finish what it holds and leave; it is killed when the limits are over. */
  drain (id: number, limits: DrainLimits): void {
    const worker = this.#workers.get(id) as WorkerHandle
    const isServing = worker.state === 'ready'
    const now = this.#host.now()
    worker.moveTo('draining', now)
    // One that is still starting holds no request, and may not even have a loop that hears of it.
    worker.deadline = isServing ? now + limits.timeout : Math.min(worker.deadline, now + limits.timeout, now + UNWANTED_TIMEOUT)
    this.#journal.note('info', { event: 'worker:draining', ...identify(worker) },
      isServing ? 'worker draining' : 'worker no longer wanted; ending it before it is ready')
    worker.process?.send({ type: 'drain', limits })
    worker.process?.disconnect()
  }

  /** Gives those that are on their way out already other limits. */
  limitDrains (limits: DrainLimits): void {
    const deadline = this.#host.now() + limits.timeout
    for (const worker of this.#workers.values()) {
      if ((worker.state !== 'draining' && worker.state !== 'hung') || worker.wasKilled) continue
      worker.deadline = Math.min(worker.deadline, deadline)
      if (worker.state === 'hung') continue
      worker.process?.send({ type: 'drain', limits: { ...limits, timeout: worker.deadline - this.#host.now() } })
    }
  }

  /**
   * Its deadline has passed.
   *
   * @param end when even one that hangs has to be gone, although it has not told where
   */
  kill (id: number, end: number): void {
    const worker = this.#workers.get(id) as WorkerHandle
    if (worker.state === 'ready') {
      this.#onHang(worker, end)
      return
    }
    if (worker.state === 'hung') {
      this.#killHung(worker, undefined)
      return
    }
    if (worker.state === 'starting') {
      worker.failure ??= toErrorReport(new StartTimeoutError(worker.release.config.startTimeout))
    } else {
      this.#log.warn({ ...identify(worker), ...worker.progress }, worker.readyAt === undefined
        ? 'worker did not end while it was starting; killed'
        : `worker did not drain in time; killed with ${describeLoss(worker)}`)
    }
    this.#killNow(worker)
  }

  /** Asks for an answer, which comes into `answeredAt`. */
  ask (worker: WorkerHandle): void {
    worker.process?.send({ type: 'ping' })
  }

  /**
   * Asks those that can answer for their measurements, which come as `measured`.
   *
   * @returns the workers that were asked
   */
  measure (): WorkerHandle[] {
    const asked = this.workers.filter(({ state, readyAt }) => readyAt !== undefined && (state === 'ready' || state === 'draining'))
    for (const { process } of asked) process?.send({ type: 'measure' })
    return asked
  }

  /** Nobody could be heard for a while, because we did not listen. */
  forgive (now: number): void {
    for (const worker of this.#workers.values()) worker.forgive(now, READING_TIME)
  }

  /** Also those that drain or are still starting: each has the log file open. */
  reopenLogs (): void {
    for (const { process } of this.#workers.values()) process?.send({ type: 'reopen-log' })
  }

  /** Ends every process at once. */
  killAll (): void {
    for (const { process } of this.#workers.values()) process?.kill()
  }

  /** Tells all workers what the health routes say of the pool. */
  tell (pool: PoolView): void {
    if (pool.isStopping === this.#view.isStopping && pool.isCrashLooping === this.#view.isCrashLooping) return
    this.#view = pool
    for (const { process } of this.#workers.values()) process?.send({ type: 'pool', pool })
  }

  /** A replacement is started at once; the hung one is killed when it has told where it hangs, or not. */
  #onHang (worker: WorkerHandle, end: number): void {
    const now = this.#host.now()
    const error = toErrorReport(new WorkerHungError(worker.release.config.heartbeatTimeout))
    worker.failure ??= error
    worker.moveTo('hung', now)
    worker.deadline = Math.min(now + STACK_TIMEOUT, end)
    worker.process?.readStack().then(
      (stack) => { this.#killHung(worker, stack) },
      () => { this.#killHung(worker, undefined) }
    )
    this.#crashed(worker, error, 'hang')
  }

  #killHung (worker: WorkerHandle, stack: string | undefined): void {
    if (worker.state !== 'hung' || worker.wasKilled) return
    this.#journal.note('error', { event: 'worker:hung', ...identify(worker), stack }, stack === undefined
      ? 'worker hangs; killed, and where it hung could not be found out'
      : `worker hangs; killed. It was here:\n${stack}`)
    this.#killNow(worker)
  }

  #killNow (worker: WorkerHandle): void {
    worker.deadline = Infinity
    worker.wasKilled = true
    worker.process?.kill()
  }

  #onReady (worker: WorkerHandle): void {
    worker.process?.send({ type: 'pool', pool: this.#view })
    this.#journal.note('info', {
      event: 'worker:ready', ...identify(worker), durationMs: Math.round(this.#host.now() - worker.forkedAt)
    }, 'worker ready')
    this.#events.ready(worker)
  }

  /** To all others that serve: those that are still starting have not heard it. */
  #relay (from: WorkerHandle, broadcast: Broadcast): void {
    for (const worker of this.#workers.values()) {
      if (worker !== from && worker.readyAt !== undefined) worker.process?.send({ type: 'broadcast', broadcast })
    }
  }

  /** The process could not be started: no exit follows. A signal that could not be sent is an error too. */
  #onError (worker: WorkerHandle, error: Error): void {
    if (worker.pid === undefined && worker.state !== 'exited') {
      worker.failure = toErrorReport(new ForkFailedError(error.message))
      this.#onExit(worker, null, null, false)
    }
  }

  #onExit (worker: WorkerHandle, code: number | null, signal: NodeJS.Signals | null, wasAsked: boolean): void {
    const { state, drainingAt, progress, wasKilled } = worker
    const now = this.#host.now()
    worker.moveTo('exited', now)
    this.#workers.delete(worker.id)
    const how = worker.pid === undefined ? 'was not started' : describeExit(code, signal, wasAsked && state !== 'draining')
    const fields = { event: 'worker:exited', ...identify(worker), code, signal, wasKilled } as const

    if (state === 'draining') {
      const isClean = code === 0 || worker.readyAt === undefined
      const cut = wasKilled && progress !== undefined ? { cut: progress.requests } : {}
      const drained = { ...fields, ...cut, durationMs: Math.round(now - (drainingAt as number)) }
      if (isClean) this.#journal.note('info', drained, 'worker exited')
      else this.#journal.note('warn', drained, `worker ${how} while draining${worker.wasKilled ? '' : `, with ${describeLoss(worker)}`}`)
      this.#events.changed()
      return
    }
    const cause = worker.failure ?? (worker.readyAt === undefined
      ? toErrorReport(new WorkerExitedError(how))
      : { message: `the worker ${how}`, code: new WorkerExitedError(how).code })
    if (worker.failure === undefined) this.#journal.note('warn', fields, `worker ${how}, unasked`)
    else this.#journal.note('warn', { ...fields, err: worker.failure }, `worker ${how}: ${worker.failure.message}`)
    this.#crashed(worker, cause, reasonOf(worker, code, signal))
  }

  #crashed (worker: WorkerHandle, cause: ErrorReport, reason: CrashReason): void {
    if (worker.hasCrashed) {
      this.#events.changed()
      return
    }
    worker.hasCrashed = true
    this.#crashes.set(worker.slot, this.crashes(worker.slot) + 1)
    this.#journal.note('warn', { event: 'worker:crashed', ...identify(worker), reason, err: cause }, 'worker crashed')
    this.#events.crashed(worker, cause)
  }
}

function describeLoss ({ progress }: WorkerHandle): string {
  return progress === undefined
    ? 'an unknown number of requests'
    : `${progress.requests} requests on ${progress.connections} connections`
}

function reasonOf ({ readyAt }: WorkerHandle, code: number | null, signal: NodeJS.Signals | null): CrashReason {
  if (readyAt === undefined) return 'start'
  if (signal !== null) return 'signal'
  return code === 0 ? 'itself' : 'code'
}
