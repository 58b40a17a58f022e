import { EventEmitter } from 'node:events'
import { ServiceStoppingError, toErrorReport, type ErrorReport } from '../../errors.ts'
import { ExitCode } from '../../exit-codes.ts'
import type { Logger } from '../../log/logger.ts'
import type { Measurements } from '../../protocol/measurements.ts'
import type { DrainLimits } from '../../protocol/messages.ts'
import { Events } from '../events.ts'
import type { Generation } from '../release/generation.ts'
import type { Host } from '../workers/host.ts'
import { Pool } from '../workers/pool.ts'
import type { WorkerHandle } from '../workers/worker-handle.ts'
import { CrashRecord } from './crashes.ts'
import { desiredState, desiredStateChangesAt, type Wishes } from './desired.ts'
import { plan, type Plan } from './plan.ts'
import type { OnOutcome, ReloadOutcome } from './reload-outcome.ts'
import { Reloads } from './reloads.ts'
import { Shutdown, type StopOptions } from './shutdown.ts'
import { isStarting, Slots } from './slots.ts'
import { WakeUp } from './wake-up.ts'

export type SupervisorState = 'starting' | 'running' | 'reloading' | 'stopping' | 'stopped'

export interface SupervisorOptions {
  readonly host: Host
  readonly log: Logger
  /** Makes a generation of what is configured and deployed at this moment; throws when that is wrong. */
  readonly makeGeneration: (number: number) => Generation
}

interface SupervisorEvents {
  /** Every slot of the first generation was tried, and this many workers are ready. */
  serving: [workers: number]
  /** All workers are of this generation. */
  reloaded: [generation: Generation]
  /** What a worker measured, undefined when it cannot be used; the worker may have exited meanwhile. */
  measurements: [worker: WorkerHandle, measurements: Measurements | undefined]
  /** A stop was requested, or the service gives up. */
  stopping: []
  /** No process is left. */
  stopped: [code: ExitCode]
}

/** How a shutdown begins. */
interface ShutdownCause {
  /** Why a reload under way is abandoned. */
  readonly reason: string
  /** Exit code of a service that failed; without it that of a stop. */
  readonly code?: ExitCode
  /** Without it workers that drain already keep their limits. */
  readonly stop?: StopOptions
}

/**
 * Keeps the desired workers alive.
 *
 * After every event it compares what should be with what is, and carries out what `plan()` answers.
 * Nothing else changes the pool, and nothing waits in the middle of a sequence of steps.
 */
export class Supervisor extends EventEmitter<SupervisorEvents> {
  readonly #host: Host
  readonly #log: Logger
  readonly #makeGeneration: (number: number) => Generation
  /** What happens to the pool. */
  readonly events: Events
  readonly #pool: Pool
  readonly #reloads: Reloads
  readonly #crashes = new CrashRecord()
  readonly #shutdown = new Shutdown()
  readonly #wishes: Wishes
  readonly #wakeUp: WakeUp
  #state: Exclude<SupervisorState, 'reloading'> = 'starting'
  /** Why a worker of the first generation could not start. */
  #startFailure: ErrorReport | undefined
  #isReconciling = false

  /** @throws what `makeGeneration` throws */
  constructor ({ host, log, makeGeneration }: SupervisorOptions) {
    super()
    this.#host = host
    this.#log = log
    this.#makeGeneration = makeGeneration
    this.events = new Events(log)
    this.#pool = new Pool(host, log, this.events, {
      ready: () => { this.#reconcile() },
      measured: (worker, measurements) => { this.emit('measurements', worker, measurements) },
      crashed: (worker, cause) => { this.#onCrash(worker, cause) },
      changed: () => { this.#reconcile() }
    })
    this.#reloads = new Reloads(log, this.events, makeGeneration(1), host.now())
    this.#wishes = { reloads: this.#reloads, crashes: this.#crashes, shutdown: this.#shutdown }
    this.#wakeUp = new WakeUp(host, () => { this.#reconcile() })
  }

  get state (): SupervisorState {
    return this.#state === 'running' && this.rollingOut !== undefined ? 'reloading' : this.#state
  }

  /** The generation in force. */
  get generation (): Generation {
    return this.#reloads.generation
  }

  get workers (): readonly WorkerHandle[] {
    return this.#pool.workers
  }

  /** When the generation in force came into force. Monotonic milliseconds, as all times here. */
  get since (): number {
    return this.#reloads.since
  }

  /** How the last reload ended. */
  get lastReload (): ReloadOutcome | undefined {
    return this.#reloads.lastReload
  }

  /** Number of the generation that is being rolled out. */
  get rollingOut (): number | undefined {
    return this.#reloads.rollingOut
  }

  /** How many workers there should be once all that was requested is done. */
  get wantedWorkers (): number {
    return this.#reloads.workers
  }

  /** Workers are restarted with a delay. */
  get isCrashLooping (): boolean {
    return this.#isLoopingAt(this.#host.now())
  }

  /** @returns how many workers of this slot have crashed so far */
  crashes (slot: number): number {
    return this.#pool.crashes(slot)
  }

  /** Asks the workers for their measurements. @returns those that were asked */
  measure (): WorkerHandle[] {
    return this.#pool.measure()
  }

  start (): void {
    this.#reconcile()
  }

  /** Rolls out what is configured and deployed now. The latest request wins: it abandons a rollout in progress. */
  reload (onOutcome?: OnOutcome): void {
    const now = this.#host.now()
    if (this.#isEnding) {
      this.#log.warn('reload ignored: the service is stopping')
      const error = toErrorReport(new ServiceStoppingError())
      onOutcome?.({ result: 'refused', endedAt: now, durationMs: 0, slots: this.#reloads.slots, error })
      return
    }
    let next: Generation
    try {
      next = this.#makeGeneration(this.#reloads.nextNumber)
    } catch (error) {
      this.#reloads.refuse(toErrorReport(error), now, onOutcome)
      return
    }
    this.#reloads.request(next, this.#viewSlots(), now, onOutcome)
    this.#reconcile()
  }

  /** Adds workers or removes some; one always stays. */
  scale (difference: number): void {
    if (this.#isEnding) return
    this.#reloads.scale(difference)
    this.#reconcile()
  }

  /** Drains everything within the stop timeout; `stopped` follows. The first call counts. */
  stop (options: StopOptions): void {
    if (this.#shutdown.hasDeadline || this.#state === 'stopped') return
    this.#shutDown({ reason: 'the service is stopping', stop: options })
    this.#log.info({ workers: this.workers.length, delayMs: options.delay }, 'stopping')
    this.#reconcile()
  }

  /** Starting another worker is pointless: open requests are answered as on a stop, then the exit code is 4. */
  giveUp (error: Error): void {
    if (this.#isEnding) return
    const stop = { idleTimeout: this.generation.config.stopIdle, delay: 0 }
    this.#shutDown({ reason: 'the service gives up', code: ExitCode.gaveUp, stop })
    this.#log.fatal({ err: error }, `giving up: ${error.message}`)
    this.#reconcile()
  }

  /** The log file was renamed. */
  reopenLogs (): void {
    this.#pool.reopenLogs()
  }

  /** Ends every process at once. */
  kill (): void {
    this.#pool.killAll()
  }

  get #isEnding (): boolean {
    return this.#state === 'stopping' || this.#state === 'stopped'
  }

  #isLoopingAt (now: number): boolean {
    return this.#crashes.loopingUntil(this.generation.config) > now
  }

  #viewSlots (): Slots<WorkerHandle> {
    return new Slots(this.#pool.workers)
  }

  /** The one place that compares what should be with what is. */
  #reconcile (): void {
    if (this.#isReconciling || this.#state === 'stopped') return
    this.#isReconciling = true
    // One moment for the whole pass: a deadline between two moments would be neither kept now nor waited for.
    const now = this.#host.now()
    try {
      this.#creditPause(now)
      let wakeAt: number | undefined
      do {
        this.#advanceState(now)
        this.#advanceRollout(now)
        wakeAt = this.#carryOutPlan(now)
      } while (wakeAt === undefined)
      this.#publishView(now)
      this.#scheduleNextLook(wakeAt, now)
    } finally {
      this.#isReconciling = false
    }
    this.#finishShutdown(now)
  }

  /** Time during which the primary itself was paused does not count against any worker. */
  #creditPause (now: number): void {
    const pause = this.#wakeUp.lateBy(now)
    if (pause === 0) return
    this.#pool.creditPause(now)
    this.#reloads.creditPause(now)
    this.#crashes.creditPause(pause)
  }

  /** Goes to the next state of the service when what it waits for has happened. */
  #advanceState (now: number): void {
    if (this.#shutdown.becomesUrgent(now)) this.#pool.limitDrains(this.#drainLimits(now))
    if (this.#state === 'starting') this.#finishStart()
    if (this.#state === 'running') this.#giveUpWhenUnserved(now)
  }

  #advanceRollout (now: number): void {
    if (this.#state !== 'running') return
    this.#reloads.begin(this.#viewSlots(), now)
    const reloaded = this.#reloads.advance(this.#viewSlots(), now, (canary) => { this.#pool.ping(canary) })
    if (reloaded !== undefined) this.emit('reloaded', reloaded)
  }

  /** @returns when to look again although nothing happens; undefined when something was done */
  #carryOutPlan (now: number): number | undefined {
    // One attempt for each slot, until it is known whether any worker of the first generation starts.
    const mayRestart = this.#state !== 'starting' || this.#startFailure === undefined
    const { fork, drain, kill, wakeAt }: Plan = plan(this.#viewSlots(), desiredState(this.#wishes, mayRestart, now), now)
    for (const worker of this.workers.filter(({ id }) => kill.includes(id))) {
      this.#shutdown.noteKill(worker)
      this.#pool.kill(worker.id, this.#shutdown.deadline)
    }
    // A hung worker counted as ready in this plan, and may have been the canary: plan again.
    if (kill.length > 0) return undefined
    for (const id of drain) this.#pool.drain(id, this.#drainLimits(now))
    for (const { slot, generation } of fork) this.#pool.fork(slot, this.#reloads.of(generation))
    return fork.length + drain.length > 0 ? undefined : wakeAt
  }

  #publishView (now: number): void {
    this.#pool.publish({ isStopping: this.#shutdown.hasDeadline, isCrashLooping: this.#isLoopingAt(now) })
  }

  #scheduleNextLook (wakeAt: number, now: number): void {
    this.#wakeUp.set(Math.min(wakeAt, desiredStateChangesAt(this.#wishes, this.#viewSlots(), now)))
  }

  #finishShutdown (now: number): void {
    if (!this.#shutdown.isDue(now) || this.workers.length > 0) return
    this.#wakeUp.set(Infinity)
    this.#reloads.cancel('the service has stopped', this.#viewSlots(), this.#host.now())
    this.#state = 'stopped'
    this.emit('stopped', this.#shutdown.code)
  }

  #onCrash (worker: WorkerHandle, cause: ErrorReport): void {
    this.#crashes.noteCause(cause)
    if (this.#state === 'starting' && worker.readyAt === undefined) this.#startFailure = cause
    else if (!this.#reloads.failsBy(worker, cause, this.#viewSlots(), this.#host.now())) this.#countCrash()
    this.#reconcile()
  }

  #countCrash (): void {
    const delay = this.#crashes.add(this.#host.now(), this.#host.random(), this.generation.config)
    if (delay === 0) return
    this.events.note('warn', { event: 'restart:delayed', durationMs: Math.round(delay), crashes: this.#crashes.count },
      'workers crash often; delaying the next restart')
  }

  #finishStart (): void {
    if (this.#pool.forks === 0 || this.workers.some(isStarting)) return
    const ready = this.#viewSlots().ready.length
    if (ready > 0) {
      this.#state = 'running'
      this.#reportStartFailures()
      if (this.#startFailure !== undefined) this.#countCrash()
      this.emit('serving', ready)
    } else if (this.workers.length === 0 && this.#startFailure !== undefined) {
      const err = this.#startFailure
      this.#reportStartFailures(err)
      this.#shutdown.fail(ExitCode.cannotStart)
      this.#log.fatal({ err }, `no worker could start: ${err.message}`)
    }
  }

  /**
   * The log lines of those workers do not say why they could not start.
   *
   * @param known is reported elsewhere
   */
  #reportStartFailures (known?: ErrorReport): void {
    for (const err of this.#pool.takeStartFailures()) {
      if (err.message !== known?.message) this.#log.error({ err }, `a worker could not start: ${err.message}`)
    }
  }

  /** Give up eventually, so that systemd or an operator notices. */
  #giveUpWhenUnserved (now: number): void {
    this.#crashes.noteServed(this.#viewSlots().ready.length > 0, now)
    const { giveUp } = this.generation.config
    if (now < this.#crashes.giveUpAt(giveUp)) return
    const err = this.#crashes.lastCause
    this.#shutDown({ reason: 'the service gives up', code: ExitCode.gaveUp })
    this.#log.fatal({ err, durationMs: giveUp }, `no worker has been ready for ${giveUp} ms; giving up: ${err?.message}`)
  }

  /** The one way to the end, for a stop and for giving up. */
  #shutDown ({ reason, code, stop }: ShutdownCause): void {
    const now = this.#host.now()
    this.#reportStartFailures()
    this.#reloads.cancel(reason, this.#viewSlots(), now)
    if (code !== undefined) this.#shutdown.fail(code)
    if (stop !== undefined) this.#shutdown.begin(stop, this.generation.config.stopTimeout, now)
    this.#state = 'stopping'
    this.emit('stopping')
  }

  #drainLimits (now: number): DrainLimits {
    return this.#shutdown.limits(now, this.generation.config.drainTimeout)
  }
}
