import type { ClientKind } from '../client-kind.ts'
import type { ThreadTask } from './messages.ts'

/** Below it, threads of clients would only take the place of workers. */
const FEWEST_CPUS = 4
const CPUS_PER_THREAD = 4
const MOST_THREADS = 8

/**
 * @param cpus that this process may use
 * @returns how many threads the clients get when nobody says: 0 for none of their own, a quarter of the CPUs where
 * there are enough, and 8 at most
 */
export function chooseThreads (cpus: number): number {
  return cpus < FEWEST_CPUS ? 0 : Math.min(MOST_THREADS, Math.floor(cpus / CPUS_PER_THREAD))
}

/**
 * Deals the clients like cards: two threads differ by one client at most. One that can be divided is in each.
 *
 * @returns the tasks of each thread; one that would have none is not there
 */
export function dealClients (kinds: ReadonlyArray<Pick<ClientKind, 'name' | 'count' | 'isDivided'>>, threads: number): ThreadTask[][] {
  const hands = Array.from({ length: threads }, () => new Map<string, number>())
  let dealt = 0
  for (const { name, count, isDivided = false } of kinds) {
    if (isDivided) {
      for (const hand of hands) hand.set(name, 1)
      continue
    }
    for (let client = 0; client < count; client++) {
      const hand = hands[dealt++ % threads]
      hand?.set(name, (hand.get(name) ?? 0) + 1)
    }
  }
  return hands.filter(({ size }) => size > 0).map((hand) => [...hand].map(([name, count]) => ({ name, count })))
}
