import { PROTOCOL, wrap, type Load, type ToPrimary, type ToWorker } from '../../../src/protocol/messages.ts'
import type { Generation } from '../../../src/primary/release/generation.ts'
import type { Host, Timer, WorkerEvents, WorkerProcess } from '../../../src/primary/workers/host.ts'

const IDLE: Load = {
  eventLoopDelay: 0, eventLoopUtilization: 0, heapUsed: 1, rss: 1, connections: 0, requests: 0, served: 0
}

/** A process that does only what a test makes it do: it neither becomes ready nor exits on its own. */
export class FakeProcess implements WorkerProcess {
  readonly pid: number | undefined
  readonly slot: number
  readonly generation: Generation
  readonly forkedAt: number
  readonly sent: ToWorker[] = []
  /** The stack where it hangs; by default it never arrives. */
  stack: Promise<string | undefined> = new Promise(() => {})
  /** When its stack was requested. */
  hungAt = Infinity
  isReady = false
  readyAt = Infinity
  answeredAt = -Infinity
  isDisconnected = false
  kills = 0
  hasExited = false
  /** Called when the supervisor takes it out of rotation. */
  onDisconnect: () => void = () => {}
  #answers = 0
  readonly #events: WorkerEvents

  readonly #now: () => number

  constructor (pid: number | undefined, generation: Generation, slot: number, now: () => number, events: WorkerEvents) {
    this.pid = pid
    this.slot = slot
    this.generation = generation
    this.forkedAt = now()
    this.#now = now
    this.#events = events
  }

  get name (): string {
    return `${this.slot}/${this.generation.number}`
  }

  send (message: ToWorker): void {
    this.sent.push(message)
  }

  disconnect (): void {
    this.isDisconnected = true
    this.onDisconnect()
  }

  kill (): void {
    this.kills++
  }

  async readStack (): Promise<string | undefined> {
    this.hungAt = this.#now()
    return await this.stack
  }

  listens (): void {
    this.#events.listening()
  }

  says (message: ToPrimary): void {
    this.receives(wrap(message))
  }

  /** Anything that arrives on the channel. */
  receives (message: unknown): void {
    this.#events.message(message)
  }

  becomesReady (): void {
    this.isReady = true
    this.readyAt = this.#now()
    this.listens()
    this.says({ type: 'ready', protocol: PROTOCOL })
  }

  beats (load: Partial<Load> = {}): void {
    this.says({ type: 'heartbeat', load: { ...IDLE, ...load } })
  }

  /** It has received a ping and not answered yet. */
  get isAsked (): boolean {
    return this.sent.filter(({ type }) => type === 'ping').length > this.#answers
  }

  answers (): void {
    this.#answers++
    this.answeredAt = this.#now()
    this.says({ type: 'pong' })
  }

  exits (code: number | null = 0, signal: NodeJS.Signals | null = null): void {
    this.hasExited = true
    this.#events.exit(code, signal, this.isDisconnected)
  }

  /** The process could not be started, or, with a pid, something could not be sent to it. */
  fails (message: string): void {
    this.hasExited = this.pid === undefined
    this.#events.error(new Error(message))
  }
}

interface FakeTimer {
  readonly at: number
  readonly fire: () => void
}

/** A host whose time passes only when a test makes it pass. */
export class FakeHost implements Host {
  readonly processes: FakeProcess[] = []
  /** Forks return no pid. */
  failsToFork = false
  /** Milliseconds that pass with every reading of the clock. */
  creep = 0
  /** The random number: 1 does not shorten the delay of restarts. */
  chance = 1
  /** Called with each process that the supervisor starts. */
  onFork: (process: FakeProcess) => void = () => {}
  #now = 1000
  readonly #timers = new Set<FakeTimer>()

  get living (): readonly FakeProcess[] {
    return this.processes.filter(({ hasExited }) => !hasExited)
  }

  get hasTimer (): boolean {
    return this.#timers.size > 0
  }

  /** When the next timer fires; Infinity when there is none. */
  get nextTimer (): number {
    return Math.min(Infinity, ...[...this.#timers].map(({ at }) => at))
  }

  /** The time, without the creep of a reading. */
  get time (): number {
    return this.#now
  }

  readonly now = (): number => {
    this.#now += this.creep
    return this.#now
  }

  readonly random = (): number => this.chance

  readonly fork = (generation: Generation, slot: number, events: WorkerEvents): FakeProcess => {
    const pid = this.failsToFork ? undefined : 100 + this.processes.length
    const process = new FakeProcess(pid, generation, slot, () => this.#now, events)
    this.processes.push(process)
    this.onFork(process)
    return process
  }

  readonly setTimer = (delay: number, fire: () => void): Timer => {
    const timer = { at: this.#now + delay, fire }
    this.#timers.add(timer)
    return { clear: () => { this.#timers.delete(timer) } }
  }

  /** Lets time pass without firing timers, as when the machine was suspended. */
  suspend (milliseconds: number): void {
    this.#now += milliseconds
  }

  advance (milliseconds: number): void {
    const end = this.#now + milliseconds
    while (this.nextTimer <= end) {
      const [timer] = [...this.#timers].filter(({ at }) => at === this.nextTimer) as [FakeTimer]
      this.#timers.delete(timer)
      this.#now = Math.max(this.#now, timer.at)
      timer.fire()
    }
    this.#now = Math.max(this.#now, end)
  }
}
