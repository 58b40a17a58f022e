import { setTimeout as sleep } from 'node:timers/promises'

import { waitFor } from '../service/wait-for.ts'
import type { PoolWatch, WatchedWorker } from './pool-watch.ts'
import type { Random } from './random.ts'
import { BROKEN_RELEASES, GOOD_RELEASES } from './releases.ts'

/** What the chaos monkey can do to the service, and see of it. */
export interface Controls {
  readonly pool: Pick<PoolWatch, 'alive' | 'serving' | 'slots' | 'newest' | 'isReloading'>
  /** Sends a signal to the primary. */
  readonly signal: (signal: NodeJS.Signals) => void
  /** Sends a signal to a worker; false when the worker has already exited. */
  readonly signalWorker: (worker: WatchedWorker, signal: NodeJS.Signals) => boolean
  readonly switchTo: (release: string) => void
  readonly note: (text: string) => void
}

interface Move {
  readonly name: string
  readonly weight: number
  /** @returns what was done, for the event log; undefined when the move was not possible */
  readonly make: (controls: Controls, random: Random, signal: AbortSignal) => Promise<string | undefined>
}

/** Milliseconds between two moves. */
const SHORTEST_PAUSE = 100
const LONGEST_PAUSE = 800
const MAX_BURST = 10
/** Milliseconds between two signals of a burst. */
const LONGEST_BURST_GAP = 60
/** Milliseconds to wait for the end of a reload. */
const RELOAD_TIMEOUT = 10_000
const MAX_WORKERS = 5
const MIN_WORKERS = 2

const MOVES: readonly [Move, ...Move[]] = [
  { name: 'deploys of good releases', weight: 5, make: async (controls, random, signal) => await deploy(controls, random, GOOD_RELEASES, signal) },
  { name: 'deploys of broken releases', weight: 6, make: async (controls, random, signal) => await deploy(controls, random, BROKEN_RELEASES, signal) },
  { name: 'bursts of SIGHUP', weight: 3, make: async (controls, random) => `SIGHUP ${await sendBurst(controls, random)} times` },
  {
    name: 'links moved without SIGHUP',
    weight: 2,
    make: async ({ switchTo }, random) => {
      const release = random.pick([...GOOD_RELEASES, ...BROKEN_RELEASES]) ?? GOOD_RELEASES[0]
      switchTo(release)
      return `current is ${release}, without SIGHUP`
    }
  },
  {
    name: 'workers killed',
    weight: 5,
    make: async ({ pool, signalWorker }, random) => {
      // One at a time, and never the last one that serves: without any worker the service is right to refuse
      // connections.
      const isKilling = pool.alive.some(({ killedAt }) => killedAt !== undefined)
      const isLastOne = (worker: WatchedWorker): boolean => pool.serving.length < 2 && pool.serving.includes(worker)
      const worker = random.pick(isKilling ? [] : pool.alive.filter((candidate) => !isLastOne(candidate)))
      if (worker === undefined || !signalWorker(worker, 'SIGKILL')) return undefined
      return `SIGKILL to ${describe(worker)}`
    }
  },
  {
    name: 'SIGTERM to a worker',
    weight: 3,
    make: async ({ pool, signalWorker }, random) => {
      const worker = random.pick(pool.alive)
      return worker !== undefined && signalWorker(worker, 'SIGTERM') ? `SIGTERM to ${describe(worker)}` : undefined
    }
  },
  { name: 'SIGTTIN', weight: 2, make: async (controls) => scale(controls, 'SIGTTIN', controls.pool.slots < MAX_WORKERS) },
  { name: 'SIGTTOU', weight: 2, make: async (controls) => scale(controls, 'SIGTTOU', controls.pool.slots > MIN_WORKERS) }
]

/** Does one thing after another to the service, at random. */
export class ChaosMonkey {
  readonly #controls: Controls
  readonly #random: Random
  readonly #counts = new Map<string, number>(MOVES.map(({ name }) => [name, 0]))

  constructor (controls: Controls, random: Random) {
    this.#controls = controls
    this.#random = random
  }

  /** How often it made each move. */
  get counts (): ReadonlyMap<string, number> {
    return this.#counts
  }

  /** @param signal ends it, after the move in progress */
  async run (signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await sleep(this.#random.between(SHORTEST_PAUSE, LONGEST_PAUSE), undefined, { signal })
      } catch {
        return
      }
      await this.move(signal)
    }
  }

  async move (signal: AbortSignal): Promise<void> {
    const { name, make } = this.#random.weighted(MOVES)
    const done = await make(this.#controls, this.#random, signal)
    if (done === undefined) return
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
    this.#controls.note(`monkey: ${done}`)
  }
}

/** Waits for the reload to end half of the time: otherwise hardly any reload would end before the next. */
async function deploy (controls: Controls, random: Random, releases: readonly string[], signal: AbortSignal): Promise<string> {
  const { pool, note } = controls
  const release = random.pick(releases) ?? GOOD_RELEASES[0]
  const waits = random.next() < 0.5
  const { newest } = pool
  controls.switchTo(release)
  const times = await sendBurst(controls, random)
  note(`monkey: current is ${release}, SIGHUP ${times} times`)
  if (!waits) return 'does not wait'
  // The service may first have to abandon the reload before this one.
  await waitFor(() => pool.newest !== newest && !pool.isReloading, RELOAD_TIMEOUT, signal)
  return 'has waited'
}

async function sendBurst ({ signal }: Controls, random: Random): Promise<number> {
  const count = random.between(1, MAX_BURST)
  for (let number = 0; number < count; number++) {
    if (number > 0) await sleep(random.between(0, LONGEST_BURST_GAP))
    signal('SIGHUP')
  }
  return count
}

function scale ({ signal }: Controls, name: NodeJS.Signals, isAllowed: boolean): string | undefined {
  if (!isAllowed) return undefined
  signal(name)
  return name
}

function describe ({ slot, generation, pid, state, release }: WatchedWorker): string {
  return `${slot}/${generation}/${pid}, ${state}, ${release}`
}
