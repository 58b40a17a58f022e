import type { Outcome, ReloadEvent } from '../protocol/control-api.ts'
import { describeSlots } from './generations.ts'
import { milliseconds } from './units.ts'

type EventOf<Name extends ReloadEvent['event']> = Extract<ReloadEvent, { readonly event: Name }>
type Exit = EventOf<'worker:exited'>

/** What one event has to say. */
export interface Told {
  /** Lines that stay. */
  readonly lines: readonly string[]
  readonly isProblem?: boolean
}

const NOTHING: Told = { lines: [] }

/** Tells a reload for people: one line a step. */
export class ReloadView {
  readonly #isDrained: boolean
  #generation: number | undefined
  #workers = 0
  /** Generation of each slot before the reload. */
  #before: readonly number[] = []
  /** Replacements that are ready, and have not relieved anybody yet: milliseconds by slot. */
  readonly #waiting = new Map<number, number>()
  /** Slots whose replacement is ready. */
  readonly #done = new Set<number>()
  /** Slots whose old worker leaves before its replacement is there. */
  readonly #emptied = new Set<number>()
  #now = 'asking for a reload'

  /** @param drained whether the ends of old workers are steps as well */
  constructor (drained: boolean) {
    this.#isDrained = drained
  }

  /** What is under way, for a line that is rewritten. */
  get progress (): string {
    return this.#generation === undefined ? this.#now : `generation ${this.#generation}: ${this.#done.size} of ${this.#workers} slots, ${this.#now}`
  }

  tell (event: ReloadEvent): Told {
    switch (event.event) {
      case 'reload:started': return this.#started(event)
      case 'reload:waiting': return this.#say(`waiting: ${event.maxDraining} workers are draining already, which is MAX_DRAINING`, 'waiting for a worker to drain')
      case 'worker:forked': return this.#note(`starting slot ${event.slot}`)
      case 'worker:ready': return this.#ready(event)
      case 'worker:draining': return this.#draining(event)
      case 'worker:exited': return this.#exited(event)
      case 'reload:ended': return this.#ended(event)
      case 'reload:drained': return { lines: [`all workers of older generations are gone (${milliseconds(event.durationMs)})`] }
      // Of a newer release: it is not for this one to know.
      default: return NOTHING
    }
  }

  #started ({ generation, workers, slots }: EventOf<'reload:started'>): Told {
    this.#generation = generation
    this.#workers = workers
    this.#before = slots
    return this.#say(`reload started: generation ${generation}, ${workers} worker${workers === 1 ? '' : 's'}`, 'starting')
  }

  #ready ({ slot, generation, durationMs }: EventOf<'worker:ready'>): Told {
    if (generation !== this.#generation) return { lines: [`slot ${slot}  generation ${generation}  ready in ${milliseconds(durationMs)}`] }
    this.#done.add(slot)
    this.#now = `slot ${slot} is ready`
    if (this.#before[slot] !== undefined && !this.#emptied.has(slot)) {
      this.#waiting.set(slot, durationMs)
      return NOTHING
    }
    return { lines: [this.#step(slot, durationMs, '')] }
  }

  #draining ({ slot, generation }: EventOf<'worker:forked' | 'worker:draining'>): Told {
    const ready = this.#waiting.get(slot)
    if (generation === this.#generation) return this.#say(`slot ${slot}  generation ${generation}  draining: it is not wanted any more`)
    if (ready !== undefined) {
      this.#waiting.delete(slot)
      return { lines: [this.#step(slot, ready, ', old one draining')] }
    }
    this.#emptied.add(slot)
    return this.#say(`slot ${slot}  generation ${generation}  draining${slot < this.#workers ? ', its replacement follows' : ''}`, `slot ${slot} is draining`)
  }

  #exited (exit: Exit): Told {
    const { slot, generation, durationMs, wasKilled } = exit
    const how = describeExit(exit)
    const isPlainDrain = durationMs !== undefined && !wasKilled
    if (isPlainDrain && !this.#isDrained) return NOTHING
    return { lines: [`slot ${slot}  generation ${generation}  ${how}`], isProblem: !isPlainDrain }
  }

  #ended (outcome: Outcome): Told {
    const steps = [...this.#waiting].map(([slot, durationMs]) => this.#step(slot, durationMs, ''))
    this.#waiting.clear()
    this.#now = 'waiting for the older workers'
    if (outcome.result !== 'completed') return { lines: steps }
    return { lines: [...steps, `reload completed: generation ${outcome.generation} in ${milliseconds(outcome.durationMs)}`] }
  }

  #step (slot: number, ready: number, note: string): string {
    const before = this.#before[slot]
    return `slot ${slot}  generation ${before === undefined ? '' : `${before} → `}${this.#generation}  ready in ${milliseconds(ready)}${note}`
  }

  #say (line: string, now = this.#now): Told {
    this.#now = now
    return { lines: [line] }
  }

  #note (now: string): Told {
    this.#now = now
    return NOTHING
  }
}

function describeExit ({ code, signal, durationMs, wasKilled }: Exit): string {
  if (durationMs === undefined) return `ended unasked, ${signal === null ? `with code ${code}` : `by ${signal}`}`
  return wasKilled ? `killed: not drained after ${milliseconds(durationMs)}` : `drained in ${milliseconds(durationMs)}`
}

/** @returns why a reload did not complete, and what goes on serving */
export function describeFailure ({ result, generation, durationMs, slot, slots, error }: Outcome): string[] {
  const what = generation === null ? '' : `: generation ${generation} after ${milliseconds(durationMs)}`
  const cause = error === null ? '' : `: ${error.message}`
  if (result === 'refused') return [`reload refused${cause}`, describeSlots(slots)]
  if (result === 'overtaken') return [`reload overtaken${what}, because a newer reload was requested`]
  if (result === 'stopped') return [`reload stopped${what}, because the service is stopping`]
  return [`reload failed${what}${slot === null ? '' : `, slot ${slot}`}${cause}`, describeSlots(slots)]
}
