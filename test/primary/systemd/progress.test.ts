import t from 'tap'
import { makesProgress, type PoolProgress } from '../../../src/primary/systemd/progress.ts'

type Workers = PoolProgress['workers']

const NOW = 100_000
/** Longer ago than the supervisor may be late. */
const MISSED = NOW - 5_000
const AHEAD = NOW + 1
const ready = (deadline: number): Workers => [{ state: 'ready', deadline }]

for (const { title, pool, is } of [
  { title: 'a worker that has sent a heartbeat', pool: { workers: ready(AHEAD) }, is: true },
  { title: 'a worker without a heartbeat deadline', pool: { workers: ready(Infinity) }, is: true },
  { title: 'one of two workers with a heartbeat', pool: { workers: [...ready(MISSED), ...ready(AHEAD)] }, is: true },
  { title: 'a worker whose silence should be noticed at any moment', pool: { workers: ready(MISSED + 1), servedAt: 0 }, is: true },
  { title: 'a hung worker that the supervisor has not noticed', pool: { workers: ready(MISSED), servedAt: 0 }, is: false },
  { title: 'no ready worker, for less than GIVE_UP_MS and the allowed delay,', pool: { servedAt: NOW - 64_999 }, is: true },
  { title: 'no ready worker for longer, without giving up,', pool: { servedAt: NOW - 65_000 }, is: false },
  { title: 'the same during a reload', pool: { state: 'reloading', servedAt: NOW - 65_000 }, is: false },
  { title: 'a start within its deadline', pool: { state: 'starting', servedAt: 0, workers: [{ state: 'starting', deadline: AHEAD }] }, is: true },
  { title: 'a start that has missed its deadline', pool: { state: 'starting', workers: [{ state: 'starting', deadline: MISSED }] }, is: false },
  { title: 'a stop within its deadline', pool: { state: 'stopping', servedAt: 0, workers: [{ state: 'draining', deadline: AHEAD }] }, is: true },
  { title: 'a stop that has missed its deadline', pool: { state: 'stopping', workers: [{ state: 'draining', deadline: MISSED }] }, is: false },
  { title: 'a stop in its delay', pool: { state: 'stopping', servedAt: 0, workers: ready(AHEAD) }, is: true },
  { title: 'a killed worker that has not exited yet', pool: { state: 'stopping', servedAt: 0, workers: [{ state: 'draining', deadline: Infinity }] }, is: true },
  { title: 'a stopped service without workers', pool: { state: 'stopped', servedAt: 0 }, is: true }
] satisfies Array<{ title: string, pool: Partial<PoolProgress>, is: boolean }>) {
  await t.test(`${title} is ${is ? 'progress' : 'no progress'}`, async (t) => {
    t.equal(makesProgress({ state: 'running', workers: [], servedAt: NOW, giveUp: 60_000, ...pool }, NOW), is)
  })
}
