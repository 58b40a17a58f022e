import type { Outcome, ReloadEvent } from '../protocol/control-api.ts'
import { describeSlots } from './generations.ts'
import { milliseconds } from './units.ts'

type EventOf<Name extends ReloadEvent['event']> = Extract<ReloadEvent, { readonly event: Name }>
type Exit = EventOf<'worker:exited'>
type FailedResult = Exclude<Outcome['result'], 'completed'>

/** What to show for one event. */
export interface View {
  /** Lines that stay on the screen. */
  readonly lines: readonly string[]
  readonly isProblem?: boolean
}

const NOTHING: View = { lines: [] }

/** Describes a reload in words, one line a step. */
export class ReloadView {
  readonly #isDrained: boolean
  #generation: number | undefined
  #workers = 0
  /** Generation of each slot before the reload. */
  #before: readonly number[] = []
  /** Replacements that are ready, but whose old worker is not draining yet: milliseconds of their start by slot. */
  readonly #waiting = new Map<number, number>()
  /** Slots whose replacement is ready. */
  readonly #done = new Set<number>()
  /** Slots whose old worker drains before its replacement starts. */
  readonly #emptied = new Set<number>()
  #now = 'requesting a reload'

  /** @param drained whether to show the exits of old workers too */
  constructor (drained: boolean) {
    this.#isDrained = drained
  }

  /** The current step, for a line that is rewritten in place. */
  get progress (): string {
    if (this.#generation === undefined) return this.#now
    return `generation ${this.#generation}: ${this.#done.size} of ${this.#workers} slots, ${this.#now}`
  }

  describe (event: ReloadEvent): View {
    switch (event.event) {
      case 'reload:started': return this.#started(event)
      case 'reload:waiting':
        return this.#say(
          `waiting: ${event.maxDraining} workers are already draining (MAX_DRAINING)`, 'waiting for a worker to drain'
        )
      case 'worker:forked': return this.#note(`starting slot ${event.slot}`)
      case 'worker:ready': return this.#ready(event)
      case 'worker:draining': return this.#draining(event)
      case 'worker:exited': return this.#exited(event)
      case 'reload:ended': return this.#ended(event)
      case 'reload:drained':
        return { lines: [`all workers of older generations have exited (${milliseconds(event.durationMs)})`] }
      default:
        // At run time, an event of a newer release.
        event satisfies never
        return NOTHING
    }
  }

  #started ({ generation, workers, slots }: EventOf<'reload:started'>): View {
    this.#generation = generation
    this.#workers = workers
    this.#before = slots
    const count = `${workers} worker${workers === 1 ? '' : 's'}`
    return this.#say(`reload started: generation ${generation}, ${count}`, 'starting')
  }

  #ready ({ slot, generation, durationMs }: EventOf<'worker:ready'>): View {
    if (generation !== this.#generation) {
      return { lines: [`slot ${slot}  generation ${generation}  ready in ${milliseconds(durationMs)}`] }
    }
    this.#done.add(slot)
    this.#now = `slot ${slot} is ready`
    if (this.#before[slot] !== undefined && !this.#emptied.has(slot)) {
      this.#waiting.set(slot, durationMs)
      return NOTHING
    }
    return { lines: [this.#step(slot, durationMs, '')] }
  }

  #draining ({ slot, generation }: EventOf<'worker:forked' | 'worker:draining'>): View {
    const ready = this.#waiting.get(slot)
    if (generation === this.#generation) {
      return this.#say(`slot ${slot}  generation ${generation}  draining: no longer needed`)
    }
    if (ready !== undefined) {
      this.#waiting.delete(slot)
      return { lines: [this.#step(slot, ready, ', old one draining')] }
    }
    this.#emptied.add(slot)
    const next = slot < this.#workers ? ', its replacement follows' : ''
    return this.#say(`slot ${slot}  generation ${generation}  draining${next}`, `slot ${slot} is draining`)
  }

  #exited (exit: Exit): View {
    const { slot, generation, durationMs, wasKilled } = exit
    const how = describeExit(exit)
    const isPlainDrain = durationMs !== undefined && !wasKilled
    if (isPlainDrain && !this.#isDrained) return NOTHING
    return { lines: [`slot ${slot}  generation ${generation}  ${how}`], isProblem: !isPlainDrain }
  }

  #ended (outcome: Outcome): View {
    const steps = [...this.#waiting].map(([slot, durationMs]) => this.#step(slot, durationMs, ''))
    this.#waiting.clear()
    this.#now = 'waiting for the older workers'
    if (outcome.result !== 'completed') return { lines: steps }
    const end = `reload completed: generation ${outcome.generation} in ${milliseconds(outcome.durationMs)}`
    return { lines: [...steps, end] }
  }

  #step (slot: number, ready: number, note: string): string {
    const before = this.#before[slot]
    const generations = `${before === undefined ? '' : `${before} → `}${this.#generation}`
    return `slot ${slot}  generation ${generations}  ready in ${milliseconds(ready)}${note}`
  }

  #say (line: string, now = this.#now): View {
    this.#now = now
    return { lines: [line] }
  }

  #note (now: string): View {
    this.#now = now
    return NOTHING
  }
}

function describeExit ({ code, signal, durationMs, wasKilled }: Exit): string {
  if (durationMs === undefined) {
    return signal === null ? `exited unexpectedly with code ${code}` : `was killed unexpectedly by ${signal}`
  }
  return wasKilled ? `killed: not drained after ${milliseconds(durationMs)}` : `drained in ${milliseconds(durationMs)}`
}

/** @returns why a reload did not complete, and which generations still serve */
export function describeFailure (result: FailedResult, outcome: Outcome): string[] {
  const { generation, durationMs, slot, slots, error } = outcome
  const what = generation === null ? '' : `: generation ${generation} after ${milliseconds(durationMs)}`
  const cause = error === null ? '' : `: ${error.message}`
  switch (result) {
    case 'refused': return [`reload refused${cause}`, describeSlots(slots)]
    case 'overtaken': return [`reload overtaken${what}, because a newer reload was requested`]
    case 'stopped': return [`reload stopped${what}, because the service is stopping`]
    case 'failed': return [`reload failed${what}${slot === null ? '' : `, slot ${slot}`}${cause}`, describeSlots(slots)]
    default:
      // At run time, a result of a newer release.
      result satisfies never
      return [`reload ${String(result)}${what}${cause}`, describeSlots(slots)]
  }
}
