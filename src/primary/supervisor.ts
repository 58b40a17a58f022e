import { EventEmitter } from 'node:events'
import { changedSettings, FIXED_SETTINGS } from '../config.ts'
import { CanarySilentError, toErrorReport, type ErrorReport } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'
import type { Logger } from '../logger.ts'
import type { DrainLimits } from '../messages.ts'
import type { Generation } from './generation.ts'
import type { Host, Timer } from './host.ts'
import { plan, type Desired, type Plan } from './plan.ts'
import { Pool } from './pool.ts'
import { afterCrash, isLoopingUntil, NO_CRASHES } from './restart-policy.ts'
import { RolloutRun } from './rollout-run.ts'
import type { WorkerHandle } from './worker-handle.ts'

export type SupervisorState = 'starting' | 'running' | 'reloading' | 'stopping' | 'stopped'

export interface SupervisorOptions {
  readonly host: Host
  readonly log: Logger
  /** Makes a generation of what is configured and deployed at this moment; throws when that is wrong. */
  readonly makeGeneration: (number: number) => Generation
}

export interface StopOptions {
  /** Milliseconds after which an idle connection is closed. */
  readonly idleTimeout: number
  /** Milliseconds during which everything is still served, while the health route says that it will not be for long. */
  readonly delay: number
}

interface SupervisorEvents {
  /** Every slot of the first generation was tried, and this many workers are ready. */
  serving: [workers: number]
  /** All workers are of this generation. */
  reloaded: [generation: Generation]
  /** No process is left. */
  stopped: [code: ExitCode]
}

interface Stop {
  /** When everything is drained: until then it is still served. */
  readonly drainAt: number
  readonly deadline: number
  readonly idleTimeout: number
}

/** Milliseconds between two looks at the clock while silence of a worker would mean something. */
const TICK = 1000

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
  readonly #pool: Pool
  /** Those that a slot may still want; the newest stays, so that no number is given twice. */
  readonly #generations = new Map<number, Generation>()
  #state: SupervisorState = 'starting'
  /** The newest one that was rolled out everywhere: its settings are in force. */
  #generation: Generation
  /** Generation that each slot should have. */
  #slots: readonly number[]
  #rollout: RolloutRun | undefined
  /** To be rolled out as soon as no replacement of an overtaken rollout is left. */
  #next: Generation | undefined
  #restarts = NO_CRASHES
  /** Why a worker of the first generation could not start. */
  #startFailure: ErrorReport | undefined
  /** Why the last worker ended that was not asked to. */
  #lastCause: ErrorReport | undefined
  /** Since when no worker is ready. */
  #unservedSince: number | undefined
  /** It is no use to go on. */
  #surrender: ExitCode | undefined
  #stop: Stop | undefined
  /** A request was cut at the stop timeout. */
  #hasCut = false
  /** Workers that were draining before the stop know that it has become urgent. */
  #hasLimitedDrains = false
  #timer: Timer | undefined
  #isReconciling = false

  /** @throws what `makeGeneration` throws */
  constructor ({ host, log, makeGeneration }: SupervisorOptions) {
    super()
    this.#host = host
    this.#log = log
    this.#makeGeneration = makeGeneration
    this.#pool = new Pool(host, log, {
      ready: () => { this.#reconcile() },
      crashed: (worker, cause) => { this.#onCrash(worker, cause) },
      changed: () => { this.#reconcile() }
    })
    this.#generation = makeGeneration(1)
    this.#generations.set(1, this.#generation)
    this.#slots = Array<number>(this.#generation.config.workers).fill(1)
  }

  get state (): SupervisorState {
    return this.#state
  }

  get generation (): Generation {
    return this.#generation
  }

  get workers (): readonly WorkerHandle[] {
    return this.#pool.workers
  }

  start (): void {
    this.#reconcile()
  }

  /** Rolls out what is configured and deployed now. The latest wins: it gives up a rollout in progress. */
  reload (): void {
    if (this.#stop !== undefined) {
      this.#log.warn('reload ignored: the service is stopping')
      return
    }
    try {
      this.#next = this.#makeGeneration(Math.max(...this.#generations.keys()) + 1)
    } catch (error) {
      this.#log.error({ event: 'reload:refused', err: toErrorReport(error) }, 'reload refused; nothing has changed')
      return
    }
    this.#giveUpRollout('a newer reload was asked for')
    this.#reconcile()
  }

  /** Adds workers, or takes some away; one is always left. */
  scale (difference: number): void {
    const length = Math.max(1, this.#slots.length + difference)
    if (this.#stop !== undefined || length === this.#slots.length) return
    const added = Array<number>(Math.max(0, difference)).fill(this.#generation.number)
    this.#slots = [...this.#slots.slice(0, length), ...added]
    this.#rollout?.scale(difference)
    this.#log.info({ workers: length }, 'number of workers changed')
    this.#reconcile()
  }

  /** Drains everything within the stop timeout; `stopped` tells when that is done. The first call counts. */
  stop ({ idleTimeout, delay }: StopOptions): void {
    if (this.#stop !== undefined || this.#state === 'stopped') return
    this.#giveUpRollout('the service is stopping')
    const drainAt = this.#host.now() + delay
    this.#stop = { drainAt, deadline: drainAt + this.#generation.config.stopTimeout, idleTimeout }
    this.#state = 'stopping'
    this.#next = undefined
    this.#log.info({ workers: this.workers.length, delayMs: delay }, 'stopping')
    this.#reconcile()
  }

  /** Ends every process at once. */
  kill (): void {
    this.#pool.killAll()
  }

  #onCrash (worker: WorkerHandle, cause: ErrorReport): void {
    const rollout = this.#rollout?.generation.number === worker.generation ? this.#rollout : undefined
    this.#lastCause = cause
    if (this.#state === 'starting' && worker.readyAt === undefined) {
      this.#startFailure = cause
    } else if (rollout !== undefined && !(rollout.canary.hasPassed && this.#hasRelieved(worker))) {
      this.#failRollout(rollout, 'error', { slot: worker.slot, err: cause }, `reload failed: ${cause.message}`)
    } else {
      if (rollout !== undefined) rollout.hasCrashed = true
      this.#noteCrash()
    }
    this.#reconcile()
  }

  /** Whether the slot would miss it: it was ready, and nobody of another generation still serves there. */
  #hasRelieved ({ slot, generation, readyAt }: WorkerHandle): boolean {
    return readyAt !== undefined && !this.workers.some((worker) =>
      worker.slot === slot && worker.generation !== generation && worker.state === 'ready')
  }

  #noteCrash (): void {
    const now = this.#host.now()
    const { restartAt } = this.#restarts
    this.#restarts = afterCrash(this.#restarts, now, this.#host.random(), this.#generation.config)
    if (this.#restarts.restartAt > Math.max(now, restartAt)) {
      this.#log.warn({
        event: 'restart:delayed',
        durationMs: Math.round(this.#restarts.restartAt - now),
        crashes: this.#restarts.crashes.length
      }, 'workers crash often; the next one is started later')
    }
  }

  /** The one place that compares what should be with what is. */
  #reconcile (): void {
    if (this.#isReconciling || this.#state === 'stopped') return
    this.#isReconciling = true
    // One moment for all of it: a deadline that passes meanwhile would be neither kept now nor waited for.
    const now = this.#host.now()
    try {
      this.#wakeAt(Math.min(this.#approach(now), this.#ownDeadline(now)))
    } finally {
      this.#isReconciling = false
    }
    if (this.#isEnding(now) && this.workers.length === 0) this.#end()
  }

  /** @returns when the plan wants to be made anew although nothing happened */
  #approach (now: number): number {
    let step: Plan
    do {
      this.#progress(now)
      step = plan(this.workers, this.#desired(now), now)
      this.#carryOut(step, now)
    } while (step.fork.length + step.drain.length + step.kill.length > 0)
    this.#pool.tell({ isStopping: this.#stop !== undefined, isCrashLooping: this.#loopingUntil() > now })
    return step.wakeAt
  }

  /** @returns when something is due that the plan does not know of */
  #ownDeadline (now: number): number {
    const times = [this.#stop?.drainAt ?? Infinity, this.#loopingUntil(), this.#rollout?.canary.dueAt ?? Infinity, this.#giveUpAt()]
    return Math.min(...times.filter((time) => time > now), this.#isListening() ? now + TICK : Infinity)
  }

  /** Whether silence means something: then a gap in our own attention has to be noticed. */
  #isListening (): boolean {
    return this.#generation.config.heartbeatTimeout !== Infinity && this.workers.some(({ state }) => state === 'ready')
  }

  #loopingUntil (): number {
    return isLoopingUntil(this.#restarts, this.#generation.config)
  }

  #giveUpAt (): number {
    return this.#unservedSince === undefined ? Infinity : this.#unservedSince + this.#generation.config.giveUp
  }

  #desired (now: number): Desired {
    const { maxSurge } = this.#generation.config
    return {
      slots: this.#isEnding(now) ? [] : this.#slots,
      // One worker has nobody to stand in for it, whatever was set for more of them.
      maxSurge: this.#slots.length === 1 ? Math.max(1, maxSurge) : maxSurge,
      // One attempt a slot, until it is known whether anything of the first generation starts.
      restartAt: this.#state === 'starting' && this.#startFailure !== undefined ? Infinity : this.#restarts.restartAt,
      fresh: this.#rollout?.hasCrashed === false ? this.#rollout.generation.number : undefined,
      keep: this.#rollout?.canary.worker?.slot
    }
  }

  /** Nothing is wanted any more. */
  #isEnding (now: number): boolean {
    return this.#surrender !== undefined || this.#isDraining(now)
  }

  /** The stop has come to its drain, after the delay in which everything is still served. */
  #isDraining (now: number): boolean {
    return this.#stop !== undefined && now >= this.#stop.drainAt
  }

  /** Goes from one state to the next when what it waits for has come. */
  #progress (now: number): void {
    if (this.#isDraining(now) && !this.#hasLimitedDrains) {
      this.#hasLimitedDrains = true
      this.#pool.limitDrains(this.#limits(now))
    }
    if (this.#state === 'starting') this.#finishStart()
    else this.#watchService(now)
    if (this.#state === 'running' && this.#next !== undefined && !this.#isEndingStarts()) this.#beginRollout(this.#next)
    if (this.#rollout !== undefined) this.#advance(this.#rollout, now)
  }

  #finishStart (): void {
    if (this.#pool.forks === 0 || this.workers.some(({ state }) => state === 'starting')) return
    const ready = this.workers.filter(({ state }) => state === 'ready').length
    if (ready > 0) {
      this.#state = 'running'
      if (this.#startFailure !== undefined) this.#noteCrash()
      this.emit('serving', ready)
    } else if (this.workers.length === 0) {
      this.#surrender = ExitCode.cannotStart
      this.#log.fatal({ err: this.#startFailure }, `no worker could start: ${this.#startFailure?.message}`)
    }
  }

  /** Restarting for ever helps nobody who could do something about it. */
  #watchService (now: number): void {
    const isServed = this.#stop !== undefined || this.workers.some(({ state }) => state === 'ready')
    this.#unservedSince = isServed ? undefined : this.#unservedSince ?? now
    if (now < this.#giveUpAt() || this.#surrender !== undefined) return
    this.#surrender = ExitCode.gaveUp
    this.#rollout = undefined
    this.#next = undefined
    this.#log.fatal({ err: this.#lastCause, durationMs: this.#generation.config.giveUp },
      `no worker has been ready for ${this.#generation.config.giveUp} ms; giving up: ${this.#lastCause?.message}`)
  }

  /** Replacements that an overtaken rollout had started are ended first: signals that come meanwhile make one rollout. */
  #isEndingStarts (): boolean {
    return this.workers.some(({ slot, generation, state, readyAt }) =>
      (state === 'draining' && readyAt === undefined) || (state === 'starting' && this.#slots[slot] !== generation))
  }

  #beginRollout (generation: Generation): void {
    const changed = changedSettings(this.#generation.variables, generation.variables)
    const fixed = changed.filter((name) => FIXED_SETTINGS.includes(name))
    this.#next = undefined
    this.#generations.set(generation.number, generation)
    this.#rollout = new RolloutRun(generation, this.#slots, this.#host.now())
    this.#state = 'reloading'
    this.#log.info({
      event: 'reload:started', generation: generation.number, workers: generation.config.workers, application: generation.application, changed
    }, 'reload started')
    if (fixed.length > 0) this.#log.warn({ changed: fixed }, `${fixed.join(', ')} cannot change on a reload: restart the service for it`)
  }

  #advance (rollout: RolloutRun, now: number): void {
    const { number, config } = rollout.generation
    const step = rollout.step(this.workers, this.#desired(now), now)
    const canary = rollout.canary.worker
    if (canary !== undefined && step.canary === 'ask') this.#pool.ask(canary)
    if (canary !== undefined && step.canary === 'silent') {
      const err = toErrorReport(new CanarySilentError(Math.round(now - (canary.readyAt ?? now))))
      this.#failRollout(rollout, 'error', { slot: canary.slot, err }, `reload failed: ${err.message}`)
      return
    }
    this.#slots = step.slots
    if (step.isComplete) {
      this.#generation = rollout.generation
      this.#endRollout()
      this.#log.info({ event: 'reload:completed', generation: number, durationMs: this.#since(rollout.startedAt) }, 'reload completed')
      this.emit('reloaded', rollout.generation)
    } else if (step.isWaitingForDrains && !rollout.hasSaidToWait) {
      rollout.hasSaidToWait = true
      this.#log.warn({ generation: number, maxDraining: config.maxDraining },
        'the reload waits until an old worker has drained: raise MAX_DRAINING, or reload less often')
    }
  }

  /** Not a fault of the release. */
  #giveUpRollout (reason: string): void {
    if (this.#rollout === undefined) return
    this.#failRollout(this.#rollout, 'warn', { err: { message: reason } }, `reload given up: ${reason}`)
  }

  /** The slots go back to what they had, as far as that is still there. */
  #failRollout (
    rollout: RolloutRun, level: 'warn' | 'error', why: { slot?: number, err: ErrorReport }, message: string
  ): void {
    const { number } = rollout.generation
    this.#slots = rollout.retreat(this.workers, this.#slots, (generation) => this.#generations.get(generation), level === 'error')
    this.#endRollout()
    this.#log[level]({
      event: 'reload:failed', generation: number, slots: this.#slots, durationMs: this.#since(rollout.startedAt), ...why
    }, message)
  }

  #endRollout (): void {
    this.#rollout = undefined
    this.#state = 'running'
    const newest = Math.max(...this.#generations.keys())
    for (const number of this.#generations.keys()) {
      const isWanted = number === newest || number === this.#generation.number || this.#slots.includes(number)
      if (!isWanted) this.#generations.delete(number)
    }
  }

  #carryOut ({ fork, drain, kill }: Plan, now: number): void {
    for (const id of drain) this.#pool.drain(id, this.#limits(now))
    for (const worker of this.workers.filter(({ id }) => kill.includes(id))) {
      // Whoever could not even say what it holds holds something.
      if (this.#stop !== undefined && worker.readyAt !== undefined && worker.progress?.requests !== 0) this.#hasCut = true
      this.#pool.kill(worker.id)
    }
    for (const { slot, generation } of fork) this.#pool.fork(slot, this.#generations.get(generation) as Generation)
  }

  #limits (now: number): DrainLimits {
    if (this.#stop === undefined || !this.#isDraining(now)) return { timeout: this.#generation.config.drainTimeout }
    return { timeout: this.#stop.deadline - now, idleTimeout: this.#stop.idleTimeout }
  }

  #since (time: number): number {
    return Math.round(this.#host.now() - time)
  }

  #wakeAt (time: number): void {
    this.#timer?.clear()
    this.#timer = time === Infinity
      ? undefined
      : this.#host.setTimer(Math.max(0, time - this.#host.now()), () => { this.#wake(time) })
  }

  /** Late, it was ourselves who could not listen: stopped, starved, or the machine was suspended. */
  #wake (expected: number): void {
    if (this.#host.now() - expected > TICK) this.#pool.forgiveSilence()
    this.#reconcile()
  }

  #end (): void {
    this.#timer?.clear()
    this.#state = 'stopped'
    this.emit('stopped', this.#surrender ?? (this.#hasCut ? ExitCode.forced : ExitCode.ok))
  }
}
