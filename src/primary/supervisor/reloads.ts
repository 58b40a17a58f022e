import { changedSettings } from '../../config/config.ts'
import { CanarySilentError, toErrorReport, type ErrorReport } from '../../errors.ts'
import type { Logger } from '../../log/logger.ts'
import { isFixed } from '../../config/settings.ts'
import type { Generation } from '../release/generation.ts'
import type { Journal } from '../events.ts'
import type { ReloadOutcome, Settle } from './reload-outcome.ts'
import { RolloutRun } from './rollout-run.ts'
import type { WorkerHandle } from '../workers/worker-handle.ts'

/** A reload that was asked for and has not begun. */
interface Asked {
  readonly generation: Generation
  readonly at: number
  readonly settle: Settle | undefined
}

const OVERTAKEN = 'a newer reload was asked for'

/** Which generation each slot should have, and how a reload changes that. */
export class Releases {
  readonly #log: Logger
  readonly #journal: Journal
  /** Those that a slot may still want; the newest stays, so that no number is given twice. */
  readonly #generations = new Map<number, Generation>()
  #generation: Generation
  #slots: readonly number[]
  #rollout: RolloutRun | undefined
  /** Who hears how the rollout ended. */
  #settle: Settle | undefined
  /** To be rolled out as soon as no replacement of an overtaken rollout is left. */
  #next: Asked | undefined
  #since: number
  #lastReload: ReloadOutcome | undefined
  /** By how many workers the pool was scaled since that was asked for. */
  #scaledSince = 0

  constructor (log: Logger, journal: Journal, first: Generation, now: number) {
    this.#log = log
    this.#journal = journal
    this.#generation = first
    this.#since = now
    this.#generations.set(first.number, first)
    this.#slots = Array<number>(first.config.workers).fill(first.number)
  }

  /** The newest one that was rolled out everywhere: its settings are in force. */
  get generation (): Generation {
    return this.#generation
  }

  /** When it had been rolled out everywhere, or when it was the first. */
  get since (): number {
    return this.#since
  }

  /** How the last reload ended. */
  get lastReload (): ReloadOutcome | undefined {
    return this.#lastReload
  }

  /** How many slots there are to be, once what was asked for is done. */
  get length (): number {
    return this.#next === undefined ? this.#rollout?.length ?? this.#slots.length : Math.max(1, this.#next.generation.config.workers + this.#scaledSince)
  }

  get rollingOut (): number | undefined {
    return this.#rollout?.generation.number
  }

  /** Generation that each slot should have. */
  get slots (): readonly number[] {
    return this.#slots
  }

  get isRollingOut (): boolean {
    return this.#rollout !== undefined
  }

  /** The ready worker that proves the release; nothing else is advanced meanwhile. */
  get canary (): WorkerHandle | undefined {
    return this.#rollout?.canary.worker
  }

  /** When to look at the canary again. */
  get dueAt (): number {
    return this.#rollout?.canary.dueAt ?? Infinity
  }

  /** Generation that is rolled out and has not crashed yet. */
  get fresh (): number | undefined {
    return this.#rollout?.hasCrashed === false ? this.#rollout.generation.number : undefined
  }

  /** The number of the next generation. */
  get nextNumber (): number {
    return Math.max(...this.#generations.keys()) + 1
  }

  of (number: number): Generation {
    return this.#generations.get(number) as Generation
  }

  /** The latest wins: it gives up a rollout in progress. */
  ask (generation: Generation, workers: readonly WorkerHandle[], now: number, settle?: Settle): void {
    this.#dropNext('overtaken', OVERTAKEN, now)
    this.#giveUp('overtaken', OVERTAKEN, workers, now)
    this.#next = { generation, at: now, settle }
    this.#scaledSince = 0
  }

  /** Nothing is begun, because something that was read for it is wrong. */
  refuse (err: ErrorReport, now: number, settle?: Settle): void {
    this.#journal.note('error', { event: 'reload:refused', err }, 'reload refused; nothing has changed')
    this.#conclude({ result: 'refused', endedAt: now, durationMs: 0, slots: this.#slots, error: err }, settle)
  }

  /** Nothing is rolled out any more. */
  drop (reason: string, workers: readonly WorkerHandle[], now: number): void {
    this.#dropNext('stopped', reason, now)
    this.#giveUp('stopped', reason, workers, now)
  }

  /** Adds slots, or takes some away; one is always left. */
  scale (difference: number): void {
    const before = this.#slots.length
    const length = Math.max(1, before + difference)
    const added = Array<number>(Math.max(0, difference)).fill(this.#generation.number)
    this.#slots = [...this.#slots.slice(0, length), ...added]
    if (this.#next !== undefined) this.#scaledSince += difference
    const isTakenIn = this.#rollout?.scale(difference) ?? length !== before
    if (isTakenIn) this.#log.info({ workers: this.#rollout?.length ?? length }, 'number of workers changed')
  }

  /** Begins what was asked for, once that can be done. */
  begin (workers: readonly WorkerHandle[], now: number): void {
    if (this.#next === undefined || this.#isEndingStarts(workers)) return
    const { generation, settle } = this.#next
    const changed = changedSettings(this.#generation.variables, generation.variables)
    const fixed = changed.filter(isFixed)
    this.#next = undefined
    this.#generations.set(generation.number, generation)
    this.#rollout = new RolloutRun(generation, this.#slots, Math.max(1, generation.config.workers + this.#scaledSince), now)
    this.#settle = settle
    this.#journal.note('info', {
      event: 'reload:started',
      generation: generation.number,
      workers: this.#rollout.length,
      application: generation.application,
      changed,
      slots: this.#slots
    }, 'reload started')
    if (fixed.length > 0) this.#log.warn({ changed: fixed }, `${fixed.join(', ')} cannot change on a reload: restart the service for it`)
  }

  /**
   * Takes the rollout as far as it may go now.
   *
   * @param ask has the canary asked for an answer
   * @returns the generation that is rolled out everywhere by this
   */
  advance (workers: readonly WorkerHandle[], maxSurge: number, now: number, ask: (canary: WorkerHandle) => void): Generation | undefined {
    const rollout = this.#rollout
    if (rollout === undefined) return undefined
    const { generation, startedAt } = rollout
    const step = rollout.step(workers, this.#slots, maxSurge, now)
    const canary = rollout.canary.worker
    if (canary !== undefined && step.canary === 'ask') ask(canary)
    if (canary !== undefined && step.canary === 'silent') {
      const err = toErrorReport(new CanarySilentError(Math.round(now - (canary.readyAt as number))))
      this.#fail(rollout, 'failed', { slot: canary.slot, err }, `reload failed: ${err.message}`, workers, now)
      return undefined
    }
    this.#slots = step.slots
    if (step.isComplete) {
      const durationMs = Math.round(now - startedAt)
      this.#generation = generation
      this.#since = now
      const settle = this.#end()
      this.#journal.note('info', { event: 'reload:completed', generation: generation.number, durationMs }, 'reload completed')
      this.#conclude({ result: 'completed', generation: generation.number, endedAt: now, durationMs, slots: this.#slots }, settle)
      return generation
    }
    if (step.isWaitingForDrains && !rollout.hasSaidToWait) {
      rollout.hasSaidToWait = true
      this.#journal.note('warn', { event: 'reload:waiting', generation: generation.number, maxDraining: generation.config.maxDraining },
        'the reload waits until an old worker has drained: raise MAX_DRAINING, or reload less often')
    }
    return undefined
  }

  /** @returns whether the release is to blame: then its rollout has failed, and a crash is no reason to wait with restarts */
  failsBy (worker: WorkerHandle, cause: ErrorReport, workers: readonly WorkerHandle[], now: number): boolean {
    const rollout = this.#rollout
    if (rollout === undefined || rollout.generation.number !== worker.generation) return false
    if (rollout.canary.hasPassed && hasRelieved(worker, workers)) {
      rollout.hasCrashed = true
      return false
    }
    this.#fail(rollout, 'failed', { slot: worker.slot, err: cause }, `reload failed: ${cause.message}`, workers, now)
    return true
  }

  /** Nobody listened until now. */
  forgive (now: number): void {
    this.#rollout?.canary.forgive(now)
  }

  /** Replacements that an overtaken rollout had started are ended first: signals that come meanwhile make one rollout. */
  #isEndingStarts (workers: readonly WorkerHandle[]): boolean {
    return workers.some(({ slot, generation, state, readyAt }) =>
      (state === 'draining' && readyAt === undefined) || (state === 'starting' && this.#slots[slot] !== generation))
  }

  /** Not a fault of the release. */
  #giveUp (result: 'overtaken' | 'stopped', reason: string, workers: readonly WorkerHandle[], now: number): void {
    if (this.#rollout === undefined) return
    this.#fail(this.#rollout, result, { err: { message: reason } }, `reload given up: ${reason}`, workers, now)
  }

  /** It was asked for and had not begun. */
  #dropNext (result: 'overtaken' | 'stopped', reason: string, now: number): void {
    if (this.#next === undefined) return
    const { generation, at, settle } = this.#next
    this.#next = undefined
    this.#conclude({
      result, generation: generation.number, endedAt: now, durationMs: Math.round(now - at), slots: this.#slots, error: { message: reason }
    }, settle)
  }

  #conclude (outcome: ReloadOutcome, settle: Settle | undefined): void {
    const { result, durationMs } = outcome
    this.#lastReload = outcome
    this.#journal.note('info', { event: 'reload:settled', result, durationMs }, 'reload settled')
    settle?.(outcome)
  }

  /** The slots go back to what they had, as far as that is still there. */
  #fail (
    rollout: RolloutRun, result: 'failed' | 'overtaken' | 'stopped', why: { slot?: number, err: ErrorReport }, message: string,
    workers: readonly WorkerHandle[], now: number
  ): void {
    this.#slots = rollout.retreat(workers, this.#slots, (number) => this.of(number), result === 'failed')
    const settle = this.#end()
    const durationMs = Math.round(now - rollout.startedAt)
    this.#journal.note(result === 'failed' ? 'error' : 'warn', {
      event: 'reload:failed',
      generation: rollout.generation.number,
      slots: this.#slots,
      durationMs,
      ...why
    }, message)
    const { err, ...where } = why
    this.#conclude({
      result, generation: rollout.generation.number, endedAt: now, durationMs, slots: this.#slots, error: err, ...where
    }, settle)
  }

  /** @returns who waits for the outcome */
  #end (): Settle | undefined {
    const settle = this.#settle
    this.#settle = undefined
    this.#rollout = undefined
    const newest = this.nextNumber - 1
    for (const number of this.#generations.keys()) {
      const isWanted = number === newest || number === this.#generation.number || this.#slots.includes(number)
      if (!isWanted) this.#generations.delete(number)
    }
    return settle
  }
}

/** Whether its slot would miss it: it was ready, and nobody of another generation still serves there. */
function hasRelieved ({ slot, generation, readyAt }: WorkerHandle, workers: readonly WorkerHandle[]): boolean {
  return readyAt !== undefined && !workers.some((worker) =>
    worker.slot === slot && worker.generation !== generation && worker.state === 'ready')
}
