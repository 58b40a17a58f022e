import t from 'tap'
import type { ReloadOutcome } from '../../../src/primary/supervisor/reload-outcome.ts'
import { statusLine, type PoolStatus } from '../../../src/primary/systemd/status-line.ts'

const ready = { state: 'ready', generation: 3 } as const
const outcome = (result: ReloadOutcome['result'], message = 'no database'): ReloadOutcome =>
  ({ result, endedAt: 0, durationMs: 0, slots: [], error: { message } })

for (const { pool, is } of [
  { pool: { state: 'starting', workers: [] }, is: 'Starting 2 workers' },
  { pool: {}, is: 'Serving with 2 workers, generation 3' },
  { pool: { wantedWorkers: 1, workers: [ready] }, is: 'Serving with 1 worker, generation 3' },
  { pool: { workers: [ready, { state: 'starting', generation: 3 }] }, is: 'Serving with 1 of 2 workers, generation 3' },
  { pool: { workers: [ready, ready, { state: 'draining', generation: 2 }] }, is: 'Serving with 2 workers, generation 3' },
  {
    pool: { workers: [ready], isCrashLooping: true },
    is: 'Serving with 1 of 2 workers, generation 3; workers crash often, restarts are delayed'
  },
  { pool: { lastReload: outcome('completed') }, is: 'Serving with 2 workers, generation 3' },
  { pool: { lastReload: outcome('overtaken') }, is: 'Serving with 2 workers, generation 3' },
  { pool: { lastReload: outcome('failed') }, is: 'Serving with 2 workers, generation 3; the last reload failed: no database' },
  { pool: { lastReload: outcome('refused', 'wrong:\n  PORT is 0') }, is: 'Serving with 2 workers, generation 3; the last reload was refused: wrong: PORT is 0' },
  { pool: { state: 'reloading', rollingOut: 4 }, is: 'Reloading: 0 of 2 workers of generation 4 ready' },
  {
    pool: { state: 'reloading', rollingOut: 4, workers: [ready, { state: 'ready', generation: 4 }, { state: 'starting', generation: 4 }] },
    is: 'Reloading: 1 of 2 workers of generation 4 ready'
  },
  { pool: { state: 'stopping' }, is: 'Stopping: 2 workers left' },
  { pool: { state: 'stopped', workers: [] }, is: 'Stopping: 0 workers left' }
] satisfies Array<{ pool: Partial<PoolStatus>, is: string }>) {
  await t.test(is, async (t) => {
    t.equal(statusLine(status(pool)), is)
  })
}

await t.test('a long message is truncated', async (t) => {
  const line = statusLine(status({ lastReload: outcome('failed', 'x'.repeat(1000)) }))

  t.equal(line.length, 200)
  t.match(line, /failed: x+…$/)
})

function status (pool: Partial<PoolStatus>): PoolStatus {
  return {
    state: 'running', generation: { number: 3 }, rollingOut: undefined, wantedWorkers: 2, workers: [ready, ready], isCrashLooping: false, lastReload: undefined, ...pool
  }
}
