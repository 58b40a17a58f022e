import { EventEmitter } from 'node:events'
import { ServiceStoppingError, toErrorReport, type ErrorReport } from '../../errors.ts'
import { ExitCode } from '../../exit-codes.ts'
import type { Measurements } from '../../protocol/measurements.ts'
import type { Logger } from '../../log/logger.ts'
import type { DrainLimits } from '../../protocol/messages.ts'
import { Alarm } from './wake-up.ts'
import { CrashRecord } from './crashes.ts'
import { Demand } from './desired.ts'
import { Ending, type StopOptions } from './shutdown.ts'
import type { Generation } from '../release/generation.ts'
import type { Host } from '../workers/host.ts'
import { Journal } from '../events.ts'
import { plan, type Plan } from './plan.ts'
import { Pool } from '../workers/pool.ts'
import type { ReloadOutcome, Settle } from './reload-outcome.ts'
import { Releases } from './reloads.ts'
import type { WorkerHandle } from '../workers/worker-handle.ts'

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
  /** What a worker has measured, as it says; it may have ended meanwhile. */
  measurements: [worker: WorkerHandle, measurements: Measurements]
  /** It was asked to stop, or gives up. */
  stopping: []
  /** No process is left. */
  stopped: [code: ExitCode]
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
  /** Whatever happens to the pool. */
  readonly journal: Journal
  readonly #pool: Pool
  readonly #releases: Releases
  readonly #crashes = new CrashRecord()
  readonly #ending = new Ending()
  readonly #demand: Demand
  readonly #alarm: Alarm
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
    this.journal = new Journal(log)
    this.#pool = new Pool(host, log, this.journal, {
      ready: () => { this.#reconcile() },
      measured: (worker, measurements) => { this.emit('measurements', worker, measurements) },
      crashed: (worker, cause) => { this.#onCrash(worker, cause) },
      changed: () => { this.#reconcile() }
    })
    this.#releases = new Releases(log, this.journal, makeGeneration(1), host.now())
    this.#demand = new Demand(this.#releases, this.#crashes, this.#ending)
    this.#alarm = new Alarm(host, () => { this.#reconcile() })
  }

  get state (): SupervisorState {
    return this.#state === 'running' && this.#releases.isRollingOut ? 'reloading' : this.#state
  }

  get generation (): Generation {
    return this.#releases.generation
  }

  get workers (): readonly WorkerHandle[] {
    return this.#pool.workers
  }

  /** When the generation in force had become that. Monotonic milliseconds, as all times here. */
  get since (): number {
    return this.#releases.since
  }

  /** How the last reload ended. */
  get lastReload (): ReloadOutcome | undefined {
    return this.#releases.lastReload
  }

  /** Generation of the rollout that is under way. */
  get rollingOut (): number | undefined {
    return this.#releases.rollingOut
  }

  /** How many workers there are to be, once what was asked for is done. */
  get length (): number {
    return this.#releases.length
  }

  /** Workers are restarted with a delay. */
  get isCrashLooping (): boolean {
    return this.#demand.loopingUntil > this.#host.now()
  }

  /** @returns how many workers of this slot ended unasked so far */
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

  /** Rolls out what is configured and deployed now. The latest wins: it gives up a rollout in progress. */
  reload (settle?: Settle): void {
    if (this.#isLeaving) {
      this.#log.warn('reload ignored: the service is stopping')
      settle?.({ result: 'refused', endedAt: this.#host.now(), durationMs: 0, slots: this.#releases.slots, error: toErrorReport(new ServiceStoppingError()) })
      return
    }
    let next: Generation
    try {
      next = this.#makeGeneration(this.#releases.nextNumber)
    } catch (error) {
      this.#releases.refuse(toErrorReport(error), this.#host.now(), settle)
      return
    }
    this.#releases.ask(next, this.workers, this.#host.now(), settle)
    this.#reconcile()
  }

  /** Adds workers, or takes some away; one is always left. */
  scale (difference: number): void {
    if (this.#isLeaving) return
    this.#releases.scale(difference)
    this.#reconcile()
  }

  /** Drains everything within the stop timeout; `stopped` tells when that is done. The first call counts. */
  stop (options: StopOptions): void {
    if (this.#ending.isAsked || this.#state === 'stopped') return
    const now = this.#host.now()
    this.#releases.drop('the service is stopping', this.workers, now)
    this.#ending.ask(options, this.generation.config.stopTimeout, now)
    this.#leave()
    this.#log.info({ workers: this.workers.length, delayMs: options.delay }, 'stopping')
    this.#reconcile()
  }

  /** The log file has been renamed. */
  reopenLogs (): void {
    this.#pool.reopenLogs()
  }

  /** No other worker would be of any use: what is under way is finished as on a stop, with exit code 4. */
  giveUp (error: Error): void {
    if (this.#isLeaving) return
    const now = this.#host.now()
    const { stopTimeout, stopIdle } = this.generation.config
    this.#releases.drop('the service gives up', this.workers, now)
    this.#ending.surrender(ExitCode.gaveUp)
    this.#ending.ask({ idleTimeout: stopIdle, delay: 0 }, stopTimeout, now)
    this.#leave()
    this.#log.fatal({ err: error }, `giving up: ${error.message}`)
    this.#reconcile()
  }

  /** Ends every process at once. */
  kill (): void {
    this.#pool.killAll()
  }

  get #isLeaving (): boolean {
    return this.#state === 'stopping' || this.#state === 'stopped'
  }

  #leave (): void {
    this.#state = 'stopping'
    this.emit('stopping')
  }

  #onCrash (worker: WorkerHandle, cause: ErrorReport): void {
    this.#crashes.blame(cause)
    if (this.#state === 'starting' && worker.readyAt === undefined) this.#startFailure = cause
    else if (!this.#releases.failsBy(worker, cause, this.workers, this.#host.now())) this.#noteCrash()
    this.#reconcile()
  }

  #noteCrash (): void {
    const delay = this.#crashes.add(this.#host.now(), this.#host.random(), this.generation.config)
    if (delay === 0) return
    this.journal.note('warn', { event: 'restart:delayed', durationMs: Math.round(delay), crashes: this.#crashes.count },
      'workers crash often; the next one is started later')
  }

  /** The one place that compares what should be with what is. */
  #reconcile (): void {
    if (this.#isReconciling || this.#state === 'stopped') return
    this.#isReconciling = true
    // One moment for all of it: a deadline that passes meanwhile would be neither kept now nor waited for.
    const now = this.#host.now()
    try {
      this.#forgive(now)
      this.#alarm.set(Math.min(this.#approach(now), this.#demand.dueAt(now, this.workers)))
    } finally {
      this.#isReconciling = false
    }
    if (this.#ending.isDue(now) && this.workers.length === 0) this.#end()
  }

  /** What was not heard while we did not listen is held against nobody. */
  #forgive (now: number): void {
    const gap = this.#alarm.overslept(now)
    if (gap === 0) return
    this.#pool.forgive(now)
    this.#releases.forgive(now)
    this.#crashes.forgive(gap)
  }

  /** @returns when the plan wants to be made anew although nothing happened */
  #approach (now: number): number {
    let step: Plan
    do {
      this.#progress(now)
      // One attempt a slot, until it is known whether anything of the first generation starts.
      const mayRestart = this.#state !== 'starting' || this.#startFailure === undefined
      step = plan(this.workers, this.#demand.desired(now, mayRestart), now)
      this.#carryOut(step, now)
    } while (step.fork.length + step.drain.length + step.kill.length > 0)
    this.#pool.tell({ isStopping: this.#ending.isAsked, isCrashLooping: this.#demand.loopingUntil > now })
    return step.wakeAt
  }

  /** Goes from one state to the next when what it waits for has come. */
  #progress (now: number): void {
    if (this.#ending.becomesUrgent(now)) this.#pool.limitDrains(this.#limits(now))
    if (this.#state === 'starting') this.#finishStart()
    if (this.#state !== 'running') return
    this.#watchService(now)
    this.#releases.begin(this.workers, now)
    const reloaded = this.#releases.advance(this.workers, this.#demand.maxSurge, now, (canary) => { this.#pool.ask(canary) })
    if (reloaded !== undefined) this.emit('reloaded', reloaded)
  }

  #finishStart (): void {
    if (this.#pool.forks === 0 || this.workers.some(({ state }) => state === 'starting')) return
    const ready = this.workers.filter(({ state }) => state === 'ready').length
    if (ready > 0) {
      this.#state = 'running'
      if (this.#startFailure !== undefined) this.#noteCrash()
      this.emit('serving', ready)
    } else if (this.workers.length === 0 && this.#startFailure !== undefined) {
      this.#ending.surrender(ExitCode.cannotStart)
      this.#log.fatal({ err: this.#startFailure }, `no worker could start: ${this.#startFailure.message}`)
    }
  }

  /** Restarting for ever helps nobody who could do something about it. */
  #watchService (now: number): void {
    this.#crashes.watch(this.workers.some(({ state }) => state === 'ready'), now)
    if (now < this.#demand.giveUpAt) return
    const { giveUp } = this.generation.config
    this.#releases.drop('the service gives up', this.workers, now)
    this.#ending.surrender(ExitCode.gaveUp)
    this.#leave()
    this.#log.fatal({ err: this.#crashes.lastCause, durationMs: giveUp },
      `no worker has been ready for ${giveUp} ms; giving up: ${this.#crashes.lastCause?.message}`)
  }

  #carryOut ({ fork, drain, kill }: Plan, now: number): void {
    for (const worker of this.workers.filter(({ id }) => kill.includes(id))) {
      this.#ending.cuts(worker)
      this.#pool.kill(worker.id, this.#ending.deadline)
    }
    // One that hangs served until now, as the plan had it, and may have been the proof of its release.
    if (kill.length > 0) return
    for (const id of drain) this.#pool.drain(id, this.#limits(now))
    for (const { slot, generation } of fork) this.#pool.fork(slot, this.#releases.of(generation))
  }

  #limits (now: number): DrainLimits {
    return this.#ending.limits(now, this.generation.config.drainTimeout)
  }

  #end (): void {
    this.#alarm.set(Infinity)
    this.#releases.drop('the service has stopped', this.workers, this.#host.now())
    this.#state = 'stopped'
    this.emit('stopped', this.#ending.code)
  }
}
