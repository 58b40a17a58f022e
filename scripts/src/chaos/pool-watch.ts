import type { LogLine } from '../service/log-lines.ts'
import type { Death } from './cause.ts'
import { DEATH_CODE, DIES_WHEN_READY, HANGS_WHEN_READY, isGood, releaseOf } from './releases.ts'

/** A worker as the service's log shows it. Times are of `performance.now()`. */
export interface WatchedWorker {
  readonly slot: number
  readonly generation: number
  readonly pid: number
  readonly release: string
  readonly forkedAt: number
  state: 'starting' | 'ready' | 'draining' | 'exited'
  /** When the monkey sent it SIGKILL. */
  killedAt?: number
  exit?: { readonly at: number, readonly code: unknown, readonly signal: unknown }
}

export interface ReloadCounts {
  started: number
  completed: number
  failed: number
  abandoned: number
  refused: number
}

/**
 * Milliseconds: the log is read a little after it is written, and a client sees the end of a connection later still.
 */
const LOG_DELAY = 1000
/** pino's level. */
const WARNING = 40

/** Knows the pool from outside: from the log of the service, and from what the monkey did. */
export class PoolWatch {
  readonly reloads: ReloadCounts = { started: 0, completed: 0, failed: 0, abandoned: 0, refused: 0 }
  /** The port, once the service listens. */
  port: number | undefined
  readonly #all: WatchedWorker[] = []
  readonly #releases = new Map<number, string>()
  readonly #completed = new Set<number>()
  readonly #failed = new Set<number>()

  /** @param release of the first generation */
  constructor (release: string) {
    this.#releases.set(1, release)
  }

  get all (): readonly WatchedWorker[] {
    return this.#all
  }

  get alive (): readonly WatchedWorker[] {
    return this.#all.filter(({ state }) => state !== 'exited')
  }

  /** Ready workers of a release that is not broken, which are not about to die. */
  get serving (): readonly WatchedWorker[] {
    return this.#all.filter(({ state, release, killedAt }) => state === 'ready' && isGood(release) && killedAt === undefined)
  }

  /** How many slots have a worker. */
  get slots (): number {
    return new Set(this.alive.filter(({ state }) => state !== 'draining').map(({ slot }) => slot)).size
  }

  /** The newest generation whose rollout has started. */
  get newest (): number {
    return Math.max(...this.#releases.keys())
  }

  get isReloading (): boolean {
    const { started, completed, failed, abandoned } = this.reloads
    return started > completed + failed + abandoned
  }

  /** @returns how a reload to that release ended; undefined while it is in progress */
  outcomeOf (release: string): 'completed' | 'failed' | undefined {
    const generation = this.generationOf(release) ?? NaN
    if (this.#completed.has(generation)) return 'completed'
    return this.#failed.has(generation) ? 'failed' : undefined
  }

  generationOf (release: string): number | undefined {
    return [...this.#releases].findLast(([, name]) => name === release)?.[0]
  }

  observe (line: LogLine, now: number): void {
    if (typeof line.port === 'number') this.port = line.port
    const generation = Number(line.generation)
    switch (line.event) {
      case 'worker:forked': this.#forked(line, now); break
      case 'worker:ready': this.#setState(line, 'ready'); break
      case 'worker:draining': this.#setState(line, 'draining'); break
      case 'worker:exited': this.#exited(line, now); break
      case 'reload:started':
        this.reloads.started++
        this.#releases.set(generation, releaseOf(String(line.application)))
        break
      case 'reload:completed':
        this.reloads.completed++
        this.#completed.add(generation)
        break
      case 'reload:failed':
        // A reload that a newer one replaces is a warning, one that fails is an error.
        if (line.level === WARNING) this.reloads.abandoned++
        else this.reloads.failed++
        this.#failed.add(generation)
        break
      case 'reload:refused': this.reloads.refused++; break
    }
  }

  /** Ends of workers that cost requests without being a fault of the service. */
  get deaths (): Death[] {
    return this.#all.flatMap((worker) => {
      const { pid, slot, generation, release, forkedAt, killedAt, exit } = worker
      const cause = causeOf(worker)
      if (cause === undefined) return []
      const until = (exit?.at ?? Infinity) + LOG_DELAY
      const from = killedAt ?? (exit?.at ?? forkedAt) - LOG_DELAY
      return [{ cause, pid, slot, generation, release, bornAt: forkedAt - LOG_DELAY, hungAt: release === HANGS_WHEN_READY ? forkedAt : undefined, from, until }]
    })
  }

  #forked ({ slot, generation, pid }: LogLine, now: number): void {
    const release = this.#releases.get(Number(generation)) ?? 'unknown'
    this.#all.push({
      slot: Number(slot), generation: Number(generation), pid: Number(pid), release, forkedAt: now, state: 'starting'
    })
  }

  #setState ({ pid }: LogLine, state: WatchedWorker['state']): void {
    const worker = this.#find(pid)
    if (worker !== undefined) worker.state = state
  }

  #exited ({ pid, code, signal }: LogLine, now: number): void {
    const worker = this.#find(pid)
    if (worker === undefined) return
    worker.state = 'exited'
    worker.exit = { at: now, code, signal }
  }

  #find (pid: unknown): WatchedWorker | undefined {
    return this.#all.findLast((worker) => worker.pid === pid)
  }
}

function causeOf ({ exit, killedAt, release }: WatchedWorker): Death['cause'] | undefined {
  if (killedAt !== undefined && (exit === undefined || exit.signal === 'SIGKILL')) return 'was killed by the monkey'
  if (release === HANGS_WHEN_READY && (exit === undefined || exit.signal === 'SIGKILL')) return 'hung and was killed'
  if (release === DIES_WHEN_READY && exit?.code === DEATH_CODE) return 'exited on its own'
  return undefined
}
