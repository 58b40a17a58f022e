import type { LogLine } from '../load/log-lines.ts'
import type { Death } from './excuse.ts'
import { DEATH_CODE, DIES, HANGS, isGood, releaseOf } from './releases.ts'

/** A worker as the service's log shows it. Times are of `performance.now()`. */
export interface WatchedWorker {
  readonly slot: number
  readonly generation: number
  readonly pid: number
  readonly release: string
  readonly forkedAt: number
  state: 'starting' | 'ready' | 'draining' | 'exited'
  /** When the hand sent it SIGKILL. */
  killedAt?: number
  exit?: { readonly at: number, readonly code: unknown, readonly signal: unknown }
}

export interface ReloadCounts {
  started: number
  completed: number
  failed: number
  givenUp: number
  refused: number
}

/** The log is read a little later than it is written, and a client sees the end of a connection later still. */
const SLACK = 1000

/** Knows the pool from the outside: from the lines of the service's log, and from what the hand did. */
export class PoolWatch {
  readonly reloads: ReloadCounts = { started: 0, completed: 0, failed: 0, givenUp: 0, refused: 0 }
  /** The port, once it serves. */
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

  /** Who serves: of a release that is not broken, and not about to die. */
  get serving (): readonly WatchedWorker[] {
    return this.#all.filter(({ state, release, killedAt }) => state === 'ready' && isGood(release) && killedAt === undefined)
  }

  /** Slots that somebody has. */
  get slots (): number {
    return new Set(this.alive.filter(({ state }) => state !== 'draining').map(({ slot }) => slot)).size
  }

  /** The newest generation that was rolled out, or was to be. */
  get newest (): number {
    return Math.max(...this.#releases.keys())
  }

  get isReloading (): boolean {
    const { started, completed, failed, givenUp } = this.reloads
    return started > completed + failed + givenUp
  }

  /** @returns how a reload to that release ended; undefined as long as it has not */
  outcomeOf (release: string): 'completed' | 'failed' | undefined {
    const generation = this.generationOf(release) ?? NaN
    if (this.#completed.has(generation)) return 'completed'
    return this.#failed.has(generation) ? 'failed' : undefined
  }

  generationOf (release: string): number | undefined {
    return [...this.#releases].findLast(([, name]) => name === release)?.[0]
  }

  hear (line: LogLine, now: number): void {
    if (typeof line.port === 'number') this.port = line.port
    const generation = Number(line.generation)
    switch (line.event) {
      case 'worker:forked': this.#forked(line, now); break
      case 'worker:ready': this.#move(line, 'ready'); break
      case 'worker:draining': this.#move(line, 'draining'); break
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
        if (String(line.msg).startsWith('reload given up')) this.reloads.givenUp++
        else this.reloads.failed++
        this.#failed.add(generation)
        break
      case 'reload:refused': this.reloads.refused++; break
    }
  }

  /** The ends of workers that cost requests, and are no fault of the service. */
  get deaths (): Death[] {
    return this.#all.flatMap((worker) => {
      const { pid, slot, generation, release, forkedAt, killedAt, exit } = worker
      const cause = causeOf(worker)
      if (cause === undefined) return []
      const until = (exit?.at ?? Infinity) + SLACK
      const from = killedAt ?? (exit?.at ?? forkedAt) - SLACK
      return [{ cause, pid, slot, generation, release, bornAt: forkedAt - SLACK, hungAt: release === HANGS ? forkedAt : undefined, from, until }]
    })
  }

  #forked ({ slot, generation, pid }: LogLine, now: number): void {
    const release = this.#releases.get(Number(generation)) ?? 'unknown'
    this.#all.push({
      slot: Number(slot), generation: Number(generation), pid: Number(pid), release, forkedAt: now, state: 'starting'
    })
  }

  #move ({ pid }: LogLine, state: WatchedWorker['state']): void {
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
  if (killedAt !== undefined && (exit === undefined || exit.signal === 'SIGKILL')) return 'killed by the hand'
  if (release === HANGS && (exit === undefined || exit.signal === 'SIGKILL')) return 'hung, and was killed'
  if (release === DIES && exit?.code === DEATH_CODE) return 'exited on its own'
  return undefined
}
