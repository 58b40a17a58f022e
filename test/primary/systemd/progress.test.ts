import t from 'tap'
import { makesProgress, type PoolProgress } from '../../../src/primary/systemd/progress.ts'

type Workers = PoolProgress['workers']

const NOW = 100_000
/** Further in the past than the supervisor may be late. */
const MISSED = NOW - 5_000
const AHEAD = NOW + 1
const ready = (deadline: number): Workers => [{ state: 'ready', deadline }]

for (const { title, pool, is } of [
  { title: 'a worker that was heard of', pool: { workers: ready(AHEAD) }, is: true },
  { title: 'a worker that nobody looks after', pool: { workers: ready(Infinity) }, is: true },
  { title: 'one of two that was heard of', pool: { workers: [...ready(MISSED), ...ready(AHEAD)] }, is: true },
  { title: 'a worker whose silence was just noticed, or is about to be', pool: { workers: ready(MISSED + 1), servedAt: 0 }, is: true },
  { title: 'a worker that hangs, and nobody notices', pool: { workers: ready(MISSED), servedAt: 0 }, is: false },
  { title: 'nobody who is ready, for less than the supervisor waits', pool: { servedAt: NOW - 64_999 }, is: true },
  { title: 'nobody who is ready, and the supervisor has not given up', pool: { servedAt: NOW - 65_000 }, is: false },
  { title: 'the same during a reload', pool: { state: 'reloading', servedAt: NOW - 65_000 }, is: false },
  { title: 'a start within its time', pool: { state: 'starting', servedAt: 0, workers: [{ state: 'starting', deadline: AHEAD }] }, is: true },
  { title: 'a start that is over its time', pool: { state: 'starting', workers: [{ state: 'starting', deadline: MISSED }] }, is: false },
  { title: 'a stop within its time', pool: { state: 'stopping', servedAt: 0, workers: [{ state: 'draining', deadline: AHEAD }] }, is: true },
  { title: 'a stop that is over its time', pool: { state: 'stopping', workers: [{ state: 'draining', deadline: MISSED }] }, is: false },
  { title: 'a stop that waits before it begins', pool: { state: 'stopping', servedAt: 0, workers: ready(AHEAD) }, is: true },
  { title: 'a killed worker whose exit the system owes', pool: { state: 'stopping', servedAt: 0, workers: [{ state: 'draining', deadline: Infinity }] }, is: true },
  { title: 'an end at which nobody is left', pool: { state: 'stopped', servedAt: 0 }, is: true }
] satisfies Array<{ title: string, pool: Partial<PoolProgress>, is: boolean }>) {
  await t.test(`${title} is ${is ? 'progress' : 'no progress'}`, async (t) => {
    t.equal(makesProgress({ state: 'running', workers: [], servedAt: NOW, giveUp: 60_000, ...pool }, NOW), is)
  })
}
