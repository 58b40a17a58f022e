import t from 'tap'

import { ChaosMonkey, type Controls } from '../../src/chaos/monkey.ts'
import type { WatchedWorker } from '../../src/chaos/pool-watch.ts'
import { Random } from '../../src/chaos/random.ts'
import { GOOD_RELEASES } from '../../src/chaos/releases.ts'

const MOVES = 60
const OVER = AbortSignal.abort()

function worker (pid: number): WatchedWorker {
  return { slot: pid, generation: 1, pid, release: GOOD_RELEASES[0], forkedAt: 0, state: 'ready' }
}

/** Makes a number of moves on a pool that never changes. */
async function play (seed: number, workers: readonly WatchedWorker[]): Promise<{ monkey: ChaosMonkey, done: string[] }> {
  const done: string[] = []
  const controls: Controls = {
    pool: { alive: workers, serving: workers, slots: workers.length, newest: 1, isReloading: false },
    signal: (name) => { done.push(name) },
    signalWorker: ({ pid }, name) => {
      done.push(`${name} ${pid}`)
      return true
    },
    switchTo: (release) => { done.push(release) },
    note: () => {}
  }
  const monkey = new ChaosMonkey(controls, new Random(seed))
  for (let number = 0; number < MOVES; number++) await monkey.move(OVER)
  return { monkey, done }
}

t.jobs = 4

const repeats = t.test('the monkey makes the same moves with the same seed, and others with another', async (t) => {
  const [one, same, other] = await Promise.all([1, 1, 2].map(async (seed) => await play(seed, [worker(1), worker(2), worker(3)])))

  t.strictSame(same?.done, one?.done)
  t.notSame(other?.done, one?.done)
  t.ok([...one?.monkey.counts.values() ?? []].every((times) => times > 0), 'every kind of move was made')
})

const sparesLast = t.test('the monkey neither kills nor removes the last worker', async (t) => {
  const { done } = await play(1, [worker(1)])

  t.strictSame(done.filter((entry) => entry.startsWith('SIGKILL') || entry === 'SIGTTOU'), [])
  t.ok(done.includes('SIGTERM 1'))
})

const waits = t.test('the monkey kills no worker while one that it killed has not exited', async (t) => {
  const { done } = await play(1, [worker(1), worker(2), worker(3), { ...worker(4), killedAt: 1 }])

  t.strictSame(done.filter((entry) => entry.startsWith('SIGKILL')), [])
})

await Promise.all([repeats, sparesLast, waits])
