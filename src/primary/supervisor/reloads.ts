import { changedSettings } from '../../config/config.ts'
import { isFixed } from '../../config/settings.ts'
import { CanarySilentError, toErrorReport, type ErrorReport } from '../../errors.ts'
import type { Logger } from '../../log/logger.ts'
import type { Events } from '../events.ts'
import type { Generation } from '../release/generation.ts'
import { Generations } from '../release/generations.ts'
import type { WorkerHandle } from '../workers/worker-handle.ts'
import type { OnOutcome, ReloadOutcome } from './reload-outcome.ts'
import { Rollout, type Target } from './rollout.ts'
import type { Slots } from './slots.ts'

/** A reload that was requested and has not begun. */
interface Request {
  readonly target: Target
  readonly requestedAt: number
  readonly onOutcome: OnOutcome | undefined
}

const SUPERSEDED = 'a newer reload was requested'

/**
 * Which generation each slot should have, and how reloads change that: a queue of one, at most one rollout, and the
 * outcome of each reload.
 */
export class Reloads {
  readonly #log: Logger
  readonly #events: Events
  readonly #generations: Generations
  /** The newest generation that was rolled out completely: its settings are in force. */
  #current: Target
  #since: number
  #slots: readonly number[]
  #rollout: Rollout | undefined
  /** Receives the outcome of the rollout. */
  #onOutcome: OnOutcome | undefined
  /** Begins as soon as no replacement of a superseded rollout is left. */
  #request: Request | undefined
  #lastReload: ReloadOutcome | undefined

  constructor (log: Logger, events: Events, first: Generation, now: number) {
    this.#log = log
    this.#events = events
    this.#generations = new Generations(first)
    this.#current = targetOf(first)
    this.#since = now
    this.#slots = Array<number>(this.#current.workers).fill(first.number)
  }

  /** The generation in force. */
  get generation (): Generation {
    return this.#current.generation
  }

  /** When that generation came into force. */
  get since (): number {
    return this.#since
  }

  get lastReload (): ReloadOutcome | undefined {
    return this.#lastReload
  }

  /** How many workers there should be once all that was requested is done. */
  get workers (): number {
    return Math.max(1, (this.#request ?? this.#rollout)?.target.workers ?? this.#current.workers)
  }

  /** Number of the generation that is being rolled out. */
  get rollingOut (): number | undefined {
    return this.#rollout?.generation.number
  }

  /** Generation that each slot should have. */
  get slots (): readonly number[] {
    return this.#slots
  }

  /** A single worker is replaced before it drains, even with `MAX_SURGE=0`. */
  get maxSurge (): number {
    const { maxSurge } = this.generation.config
    return this.#slots.length === 1 ? Math.max(1, maxSurge) : maxSurge
  }

  /** The ready worker that is being watched; no other slot is advanced meanwhile. */
  get canary (): WorkerHandle | undefined {
    return this.#rollout?.canary.worker
  }

  /** When to look at the canary again; Infinity when there is none. */
  get dueAt (): number {
    return this.#rollout?.canary.dueAt ?? Infinity
  }

  /** Number of the generation that is being rolled out, unless one of its workers has crashed. */
  get fresh (): number | undefined {
    return this.#rollout?.hasCrashed === false ? this.#rollout.generation.number : undefined
  }

  get nextNumber (): number {
    return this.#generations.nextNumber
  }

  of (number: number): Generation {
    return this.#generations.of(number)
  }

  /** Queues a reload. The latest one wins: it supersedes one that waits, and abandons a rollout. */
  request (generation: Generation, slots: Slots, now: number, onOutcome?: OnOutcome): void {
    this.#cancelRequest('overtaken', SUPERSEDED, now)
    this.#abandon('overtaken', SUPERSEDED, slots, now)
    this.#request = { target: targetOf(generation), requestedAt: now, onOutcome }
  }

  /** Nothing begins, because something that was read for the reload is wrong. */
  refuse (err: ErrorReport, now: number, onOutcome?: OnOutcome): void {
    this.#events.note('error', { event: 'reload:refused', err }, 'reload refused; nothing has changed')
    this.#finish({ result: 'refused', endedAt: now, durationMs: 0, slots: this.#slots, error: err }, onOutcome)
  }

  /** Cancels the requested reload and abandons the rollout, because the service ends. */
  cancel (reason: string, slots: Slots, now: number): void {
    this.#cancelRequest('stopped', reason, now)
    this.#abandon('stopped', reason, slots, now)
  }

  /** Adds slots or removes some; one always stays. It counts for the reloads under way as well, however they end. */
  scale (difference: number): void {
    const scaled = (workers: number): number => Math.max(1, workers + difference)
    const before = this.#slots.length
    const added = Array<number>(Math.max(0, difference)).fill(this.generation.number)
    this.#slots = [...this.#slots.slice(0, scaled(before)), ...added]
    let hasChanged = this.#slots.length !== before
    for (const target of [this.#current, this.#rollout?.target]) {
      if (target === undefined) continue
      hasChanged ||= scaled(target.workers) !== target.workers
      target.workers = scaled(target.workers)
    }
    // Nothing is removed for a reload that has not begun: its number is limited when it begins.
    if (this.#request !== undefined) this.#request.target.workers += difference
    if (hasChanged) this.#log.info({ workers: this.workers }, 'number of workers changed')
  }

  /** Begins the requested rollout as soon as that is possible. */
  begin (slots: Slots<WorkerHandle>, now: number): void {
    if (this.#request === undefined || this.#isEndingStarts(slots)) return
    const { target, onOutcome } = this.#request
    const { generation } = target
    const changed = changedSettings(this.generation.variables, generation.variables)
    const fixed = changed.filter(isFixed)
    this.#request = undefined
    target.workers = Math.max(1, target.workers)
    this.#generations.add(generation)
    this.#rollout = new Rollout(target, this.#slots, now)
    this.#onOutcome = onOutcome
    this.#events.note('info', {
      event: 'reload:started',
      generation: generation.number,
      workers: target.workers,
      application: generation.application,
      changed,
      slots: this.#slots
    }, 'reload started')
    if (fixed.length > 0) {
      this.#log.warn({ changed: fixed }, `a reload cannot change ${fixed.join(', ')}: restart the service to apply it`)
    }
  }

  /**
   * Takes the rollout as far as possible now.
   *
   * @param ping asks the canary for an answer
   * @returns the generation whose rollout this has completed, if it has
   */
  advance (slots: Slots<WorkerHandle>, now: number, ping: (canary: WorkerHandle) => void): Generation | undefined {
    const rollout = this.#rollout
    if (rollout === undefined) return undefined
    const step = rollout.step(slots, this.#slots, this.maxSurge, now)
    const canary = rollout.canary.worker
    if (canary !== undefined && step.canary === 'ask') ping(canary)
    if (canary !== undefined && step.canary === 'silent') {
      const err = toErrorReport(new CanarySilentError(Math.round(now - (canary.readyAt as number))))
      this.#fail(rollout, 'failed', { slot: canary.slot, err }, `reload failed: ${err.message}`, slots, now)
      return undefined
    }
    this.#slots = step.slots
    if (step.isComplete) return this.#complete(rollout, now)
    if (step.isWaitingForDrains && !rollout.hasLoggedWait) {
      rollout.hasLoggedWait = true
      const { number, config: { maxDraining } } = rollout.generation
      this.#events.note('warn', { event: 'reload:waiting', generation: number, maxDraining },
        'the reload waits for an old worker to drain: raise MAX_DRAINING, or reload less often')
    }
    return undefined
  }

  /** @returns whether this crash fails the rollout; then it is the release's fault and does not delay restarts */
  failsBy (worker: WorkerHandle, cause: ErrorReport, slots: Slots, now: number): boolean {
    const rollout = this.#rollout
    if (rollout === undefined || rollout.generation.number !== worker.generation) return false
    const hasRelieved = worker.readyAt !== undefined && !slots.isServedByAnother(worker.slot, worker.generation)
    if (rollout.canary.hasPassed && hasRelieved) {
      rollout.hasCrashed = true
      return false
    }
    this.#fail(rollout, 'failed', { slot: worker.slot, err: cause }, `reload failed: ${cause.message}`, slots, now)
    return true
  }

  /** The primary was paused until now: the canary's answer may have arrived and is still unread. */
  creditPause (now: number): void {
    this.#rollout?.canary.creditPause(now)
  }

  /** Replacements that a superseded rollout had started are ended first, so that many signals make one rollout. */
  #isEndingStarts (slots: Slots<WorkerHandle>): boolean {
    return slots.alive.some(({ slot, generation, state, readyAt }) =>
      (state === 'draining' && readyAt === undefined) || (state === 'starting' && this.#slots[slot] !== generation))
  }

  #complete (rollout: Rollout, now: number): Generation {
    const { target, generation } = rollout
    const durationMs = Math.round(now - rollout.startedAt)
    this.#current = target
    this.#since = now
    const onOutcome = this.#endRollout()
    this.#events.note('info', { event: 'reload:completed', generation: generation.number, durationMs }, 'reload completed')
    this.#finish({ result: 'completed', generation: generation.number, endedAt: now, durationMs, slots: this.#slots }, onOutcome)
    return generation
  }

  /** Ends the rollout for a reason that is not the release's fault. */
  #abandon (result: 'overtaken' | 'stopped', reason: string, slots: Slots, now: number): void {
    if (this.#rollout === undefined) return
    this.#fail(this.#rollout, result, { err: { message: reason } }, `reload abandoned: ${reason}`, slots, now)
  }

  #cancelRequest (result: 'overtaken' | 'stopped', reason: string, now: number): void {
    if (this.#request === undefined) return
    const { target: { generation: { number } }, requestedAt, onOutcome } = this.#request
    this.#request = undefined
    const durationMs = Math.round(now - requestedAt)
    this.#finish({ result, generation: number, endedAt: now, durationMs, slots: this.#slots, error: { message: reason } }, onOutcome)
  }

  /** The slots go back to their previous generations, as far as those still exist. */
  #fail (
    rollout: Rollout, result: 'failed' | 'overtaken' | 'stopped', why: { slot?: number, err: ErrorReport }, message: string,
    slots: Slots, now: number
  ): void {
    const { number } = rollout.generation
    const isFault = result === 'failed'
    this.#slots = rollout.retreat(slots, this.#slots, this.#current.workers, (number) => this.of(number), isFault)
    const onOutcome = this.#endRollout()
    const durationMs = Math.round(now - rollout.startedAt)
    this.#events.note(isFault ? 'error' : 'warn',
      { event: 'reload:failed', generation: number, slots: this.#slots, durationMs, ...why }, message)
    const { err, ...where } = why
    this.#finish({ result, generation: number, endedAt: now, durationMs, slots: this.#slots, error: err, ...where }, onOutcome)
  }

  #finish (outcome: ReloadOutcome, onOutcome: OnOutcome | undefined): void {
    const { result, durationMs } = outcome
    this.#lastReload = outcome
    this.#events.note('info', { event: 'reload:settled', result, durationMs }, 'reload settled')
    onOutcome?.(outcome)
  }

  /** @returns the function that receives its outcome */
  #endRollout (): OnOutcome | undefined {
    const onOutcome = this.#onOutcome
    this.#onOutcome = undefined
    this.#rollout = undefined
    this.#generations.retain([this.generation.number, ...this.#slots])
    return onOutcome
  }
}

function targetOf (generation: Generation): Target {
  return { generation, workers: generation.config.workers }
}
