import {
  ForkFailedError, ProtocolMismatchError, StartTimeoutError, toErrorReport, WorkerExitedError, WorkerHungError, type ErrorReport
} from '../../errors.ts'
import type { Logger } from '../../log/logger.ts'
import type { Measurements } from '../../protocol/measurements.ts'
import { PROTOCOL, unwrap, type Broadcast, type DrainLimits, type Load, type PoolView, type ToPrimary } from '../../protocol/messages.ts'
import type { CrashReason, Events } from '../events.ts'
import type { Generation } from '../release/generation.ts'
import type { Host } from './host.ts'
import { describeExit, identify, WorkerHandle } from './worker-handle.ts'

/** What the pool reports: facts, from which the supervisor makes decisions. */
export interface PoolListener {
  readonly ready: (worker: WorkerHandle) => void
  /**
   * It ended unexpectedly, could not start, or cannot continue (then it is stale and still there).
   * Reported once for a worker.
   */
  readonly crashed: (worker: WorkerHandle, cause: ErrorReport) => void
  /** @param measurements undefined when what it sent cannot be used */
  readonly measured: (worker: WorkerHandle, measurements: Measurements | undefined) => void
  /** Something else has changed. */
  readonly changed: () => void
}

/** Milliseconds in which the host should have read the stack of a hung worker: it takes up to 2 s. */
const STACK_TIMEOUT = 3000

/** Milliseconds for reading what arrived while the primary was paused. */
const READING_TIME = 1000

/** The workers that exist: starts, drains and kills them, and receives their messages. */
export class Pool {
  readonly #host: Host
  readonly #log: Logger
  readonly #events: Events
  readonly #listener: PoolListener
  readonly #workers = new Map<number, WorkerHandle>()
  #view: PoolView = { isStopping: false, isCrashLooping: false }
  #forks = 0
  /** Unexpected ends of workers, by slot. */
  readonly #crashes = new Map<number, number>()
  /** Why workers could not start, until it is known whether any worker can; undefined afterwards. */
  #startFailures: ErrorReport[] | undefined = []

  constructor (host: Host, log: Logger, events: Events, listener: PoolListener) {
    this.#host = host
    this.#log = log
    this.#events = events
    this.#listener = listener
  }

  get workers (): readonly WorkerHandle[] {
    return [...this.#workers.values()]
  }

  /** How many workers were started so far. */
  get forks (): number {
    return this.#forks
  }

  /** @returns how many workers of this slot have crashed so far */
  crashes (slot: number): number {
    return this.#crashes.get(slot) ?? 0
  }

  fork (slot: number, generation: Generation): void {
    const worker = new WorkerHandle(++this.#forks, slot, generation, this.#host.now(), this.#host.random())
    this.#workers.set(worker.id, worker)
    worker.attach(this.#host.fork(generation, slot, {
      listening: () => { if (worker.listens(this.#host.now())) this.#onReady(worker) },
      message: (received) => { this.#onMessage(worker, received) },
      exit: (code, signal, wasAsked) => { this.#onExit(worker, code, signal, wasAsked) },
      error: (error) => { this.#onError(worker, error) }
    }))
    if (worker.pid !== undefined) this.#events.note('info', { event: 'worker:forked', ...identify(worker) }, 'worker forked')
  }

  /** Lets a worker finish its open requests and exit; it is killed when it exceeds the limits. */
  drain (id: number, limits: DrainLimits): void {
    const worker = this.#workers.get(id) as WorkerHandle
    const message = worker.state === 'ready' ? 'worker draining' : 'worker no longer wanted; ending it before it is ready'
    this.#events.note('info', { event: 'worker:draining', ...identify(worker) }, message)
    worker.drain(this.#host.now(), limits)
  }

  /** Gives workers that are already draining or hung other limits. */
  limitDrains (limits: DrainLimits): void {
    const now = this.#host.now()
    for (const worker of this.#workers.values()) worker.limitDrain(now, limits)
  }

  /**
   * Kills a worker whose deadline has passed.
   *
   * @param end by when even a hung worker must be killed, whether or not its stack has been read
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
      worker.fail(toErrorReport(new StartTimeoutError(worker.release.config.startTimeout)))
    } else {
      this.#log.warn({ ...identify(worker), ...worker.progress }, worker.readyAt === undefined
        ? 'killed a worker that was ended while starting and did not exit in time'
        : `killed a worker that did not drain in time, with ${describeLoss(worker)}`)
    }
    worker.kill()
  }

  /** Sends a ping; the time of its answer is kept in `answeredAt`. */
  ping (worker: WorkerHandle): void {
    worker.send({ type: 'ping' })
  }

  /**
   * Asks for measurements, which are reported as `measured`.
   *
   * @returns the workers that were asked: those that can answer
   */
  measure (): WorkerHandle[] {
    const asked = this.workers.filter(({ state, readyAt }) => readyAt !== undefined && (state === 'ready' || state === 'draining'))
    for (const worker of asked) worker.send({ type: 'measure' })
    return asked
  }

  /** The primary was paused until now and received nothing. */
  creditPause (now: number): void {
    for (const worker of this.#workers.values()) worker.creditPause(now, READING_TIME)
  }

  /** All workers, also draining and starting ones, because each has the log file open. */
  reopenLogs (): void {
    for (const worker of this.#workers.values()) worker.send({ type: 'reopen-log' })
  }

  /** Ends every process at once. */
  killAll (): void {
    for (const worker of this.#workers.values()) worker.end()
  }

  /** Sends all workers what their health routes say about the pool. */
  publish (pool: PoolView): void {
    if (pool.isStopping === this.#view.isStopping && pool.isCrashLooping === this.#view.isCrashLooping) return
    this.#view = pool
    for (const worker of this.#workers.values()) worker.send({ type: 'pool', pool })
  }

  /**
   * Until this is called, the log lines of workers that cannot start do not say why: otherwise one cause would be
   * logged `WORKERS` times.
   *
   * @returns each cause once
   */
  takeStartFailures (): ErrorReport[] {
    const failures = this.#startFailures ?? []
    this.#startFailures = undefined
    return failures.filter(({ message }, index) => failures.findIndex((other) => other.message === message) === index)
  }

  /** @param received anything: the application may use the channel as well */
  #onMessage (worker: WorkerHandle, received: unknown): void {
    const now = this.#host.now()
    worker.noteAlive(now)
    const message = unwrap<ToPrimary>(received)
    if (message === undefined) return
    switch (message.type) {
      case 'channel-open': {
        const { tls } = worker.release
        if (tls !== undefined) worker.send({ type: 'tls', tls })
        break
      }
      case 'ready': this.#onReportedReady(worker, message.protocol); break
      case 'failed': this.#onFailed(worker, message.error); break
      case 'heartbeat': this.#onHeartbeat(worker, message.load); break
      case 'broadcast': this.#relay(worker, message.broadcast); break
      case 'draining': worker.noteProgress(message.progress); break
      case 'measurements': this.#listener.measured(worker, message.measurements); break
      case 'pong': {
        worker.noteAnswer(now)
        this.#listener.changed()
        break
      }
      case 'relieve': {
        if (!worker.markStale()) break
        this.#events.note('info', { event: 'worker:stale', ...identify(worker), limit: 'SIGTERM' }, 'worker received SIGTERM; relieving it')
        this.#listener.changed()
        break
      }
      default: message satisfies never
    }
  }

  #onReportedReady (worker: WorkerHandle, protocol: number): void {
    if (worker.state !== 'starting') return
    if (protocol === PROTOCOL) {
      if (worker.reportReady(this.#host.now())) this.#onReady(worker)
      return
    }
    worker.fail(toErrorReport(new ProtocolMismatchError(protocol, PROTOCOL)))
    worker.end()
  }

  #onFailed (worker: WorkerHandle, error: ErrorReport): void {
    worker.fail(error)
    worker.leaveRotationUnready()
    if (worker.state !== 'ready') return
    worker.markStale()
    this.#crashed(worker, error, 'error')
  }

  #onHeartbeat (worker: WorkerHandle, load: Load): void {
    const limit = worker.noteLoad(load, this.#host.now())
    if (limit === undefined) return
    this.#events.note('info', { event: 'worker:stale', ...identify(worker), limit, rss: load.rss, served: load.served },
      `worker exceeds ${limit}; relieving it`)
    this.#listener.changed()
  }

  /** A replacement is started at once; the hung worker is killed when its stack has been read or is not available. */
  #onHang (worker: WorkerHandle, end: number): void {
    const error = toErrorReport(new WorkerHungError(worker.release.config.heartbeatTimeout))
    worker.fail(error)
    worker.hang(Math.min(this.#host.now() + STACK_TIMEOUT, end))
    worker.readStack().then(
      (stack) => { this.#killHung(worker, stack) },
      () => { this.#killHung(worker, undefined) }
    )
    this.#crashed(worker, error, 'hang')
  }

  #killHung (worker: WorkerHandle, stack: string | undefined): void {
    if (worker.state !== 'hung' || worker.wasKilled) return
    this.#events.note('error', { event: 'worker:hung', ...identify(worker), stack }, stack === undefined
      ? 'killed a hung worker (no stack available)'
      : `killed a hung worker; its stack:\n${stack}`)
    worker.kill()
  }

  #onReady (worker: WorkerHandle): void {
    worker.send({ type: 'pool', pool: this.#view })
    this.#events.note('info', {
      event: 'worker:ready', ...identify(worker), durationMs: Math.round(this.#host.now() - worker.forkedAt)
    }, 'worker ready')
    this.#listener.ready(worker)
  }

  /** Passes it to all other workers that serve or drain, not to those that are still starting. */
  #relay (from: WorkerHandle, broadcast: Broadcast): void {
    for (const worker of this.#workers.values()) {
      if (worker !== from && worker.readyAt !== undefined) worker.send({ type: 'broadcast', broadcast })
    }
  }

  /** The process could not be started: no exit follows. A signal that could not be sent is an error too. */
  #onError (worker: WorkerHandle, error: Error): void {
    if (worker.pid === undefined && worker.state !== 'exited') {
      worker.fail(toErrorReport(new ForkFailedError(error.message)))
      this.#onExit(worker, null, null, false)
    }
  }

  #onExit (worker: WorkerHandle, code: number | null, signal: NodeJS.Signals | null, wasAsked: boolean): void {
    const { state } = worker
    worker.exit()
    this.#workers.delete(worker.id)
    if (state === 'draining') this.#noteDrained(worker, code, signal)
    else this.#noteUnexpectedExit(worker, code, signal, wasAsked)
  }

  #noteDrained (worker: WorkerHandle, code: number | null, signal: NodeJS.Signals | null): void {
    const { drainingAt, progress, readyAt, wasKilled } = worker
    const cut = wasKilled && progress !== undefined ? { cut: progress.requests } : {}
    const durationMs = Math.round(this.#host.now() - (drainingAt as number))
    const entry = { event: 'worker:exited', ...identify(worker), code, signal, wasKilled, ...cut, durationMs } as const
    if (code === 0 || readyAt === undefined) this.#events.note('info', entry, 'worker exited')
    else {
      const loss = wasKilled ? '' : `, with ${describeLoss(worker)}`
      this.#events.note('warn', entry, `worker ${describeExit(code, signal)} while draining${loss}`)
    }
    this.#listener.changed()
  }

  #noteUnexpectedExit (worker: WorkerHandle, code: number | null, signal: NodeJS.Signals | null, wasAsked: boolean): void {
    const { failure, readyAt, wasKilled } = worker
    const how = worker.pid === undefined ? 'was not started' : describeExit(code, signal, wasAsked)
    const unexpectedly = how.replace(/^exited/, 'exited unexpectedly')
    const cause = failure ?? (readyAt === undefined
      ? toErrorReport(new WorkerExitedError(how))
      : { message: `the worker ${how}`, code: new WorkerExitedError(how).code })
    const entry = { event: 'worker:exited', ...identify(worker), code, signal, wasKilled } as const
    if (readyAt === undefined && this.#startFailures !== undefined) {
      this.#startFailures.push(cause)
      this.#events.note('warn', entry, `worker ${how} before it was ready`)
    } else if (failure === undefined) this.#events.note('warn', entry, `worker ${unexpectedly}`)
    else this.#events.note('warn', { ...entry, err: failure }, `worker ${how}: ${failure.message}`)
    this.#crashed(worker, cause, reasonOf(worker, code, signal))
  }

  #crashed (worker: WorkerHandle, cause: ErrorReport, reason: CrashReason): void {
    if (!worker.noteCrash()) {
      this.#listener.changed()
      return
    }
    this.#crashes.set(worker.slot, this.crashes(worker.slot) + 1)
    this.#events.note('warn', { event: 'worker:crashed', ...identify(worker), reason, err: cause }, 'worker crashed')
    this.#listener.crashed(worker, cause)
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
