import { setTimeout as sleep } from 'node:timers/promises'

import type { PoolWatch, WatchedWorker } from './pool-watch.ts'
import type { Random } from './random.ts'
import { BROKEN_NAMES, GOOD } from './releases.ts'

/** What the hand can reach. */
export interface Reach {
  readonly pool: Pick<PoolWatch, 'alive' | 'serving' | 'slots' | 'newest' | 'isReloading'>
  /** Sends a signal to the primary. */
  readonly signal: (signal: NodeJS.Signals) => void
  /** Sends a signal to a worker; false when it is not there any more. */
  readonly signalWorker: (worker: WatchedWorker, signal: NodeJS.Signals) => boolean
  readonly switchTo: (release: string) => void
  readonly note: (text: string) => void
}

/** @returns what was done, for the timeline; undefined when there was nothing to do it to */
type Move = (reach: Reach, random: Random, signal: AbortSignal) => Promise<string | undefined>

const SHORTEST_PAUSE = 100
const LONGEST_PAUSE = 800
const LONGEST_BURST = 10
const LONGEST_GAP = 60
/** Of waiting for the end of a reload. */
const PATIENCE = 10_000
const LOOK_INTERVAL = 50
const MOST_WORKERS = 5
const FEWEST_WORKERS = 2

const MOVES: readonly [MoveOfHand, ...MoveOfHand[]] = [
  { name: 'deploys of good releases', weight: 5, move: async (reach, random, signal) => await deploy(reach, random, GOOD, signal) },
  { name: 'deploys of broken releases', weight: 6, move: async (reach, random, signal) => await deploy(reach, random, BROKEN_NAMES, signal) },
  { name: 'bursts of SIGHUP', weight: 3, move: async (reach, random) => `SIGHUP ${await burst(reach, random)} times` },
  {
    name: 'links moved without SIGHUP',
    weight: 2,
    move: async ({ switchTo }, random) => {
      const release = random.pick([...GOOD, ...BROKEN_NAMES]) ?? GOOD[0]
      switchTo(release)
      return `current is ${release}, without SIGHUP`
    }
  },
  {
    name: 'workers killed',
    weight: 5,
    move: async ({ pool, signalWorker }, random) => {
      // One at a time, and not the last one that serves: without any, the service refuses connections rightly.
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
    move: async ({ pool, signalWorker }, random) => {
      const worker = random.pick(pool.alive)
      return worker !== undefined && signalWorker(worker, 'SIGTERM') ? `SIGTERM to ${describe(worker)}` : undefined
    }
  },
  { name: 'SIGTTIN', weight: 2, move: async (reach) => scale(reach, 'SIGTTIN', reach.pool.slots < MOST_WORKERS) },
  { name: 'SIGTTOU', weight: 2, move: async (reach) => scale(reach, 'SIGTTOU', reach.pool.slots > FEWEST_WORKERS) }
]

interface MoveOfHand {
  readonly name: string
  readonly weight: number
  readonly move: Move
}

/** Does one thing after the other to the service, at random. */
export class Hand {
  readonly #reach: Reach
  readonly #random: Random
  readonly #counts = new Map<string, number>(MOVES.map(({ name }) => [name, 0]))

  constructor (reach: Reach, random: Random) {
    this.#reach = reach
    this.#random = random
  }

  /** How often it did what. */
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
    const { name, move } = this.#random.weighted(MOVES)
    const done = await move(this.#reach, this.#random, signal)
    if (done === undefined) return
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
    this.#reach.note(`hand: ${done}`)
  }
}

/** Half of the time it lets the release come, or fail: else hardly any reload would end before the next. */
async function deploy (reach: Reach, random: Random, releases: readonly string[], signal: AbortSignal): Promise<string> {
  const release = random.pick(releases) ?? GOOD[0]
  const isPatient = random.next() < 0.5
  const { newest } = reach.pool
  reach.switchTo(release)
  const times = await burst(reach, random)
  reach.note(`hand: current is ${release}, SIGHUP ${times} times`)
  if (!isPatient) return 'does not wait'
  // The service may have to end what it had started before it starts this reload.
  const deadline = performance.now() + PATIENCE
  do await sleep(LOOK_INTERVAL)
  while ((reach.pool.newest === newest || reach.pool.isReloading) && !signal.aborted && performance.now() < deadline)
  return 'has waited'
}

async function burst ({ signal }: Reach, random: Random): Promise<number> {
  const count = random.between(1, LONGEST_BURST)
  for (let number = 0; number < count; number++) {
    if (number > 0) await sleep(random.between(0, LONGEST_GAP))
    signal('SIGHUP')
  }
  return count
}

function scale ({ signal }: Reach, name: NodeJS.Signals, isAllowed: boolean): string | undefined {
  if (!isAllowed) return undefined
  signal(name)
  return name
}

function describe ({ slot, generation, pid, state, release }: WatchedWorker): string {
  return `${slot}/${generation}/${pid}, ${state}, ${release}`
}
