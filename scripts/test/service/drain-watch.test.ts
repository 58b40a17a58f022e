import t from 'tap'

import { DrainWatch } from '../../src/service/drain-watch.ts'

await t.test('drains are followed from their beginning to the exit of the worker', async (t) => {
  const watch = new DrainWatch()
  const lines: ReadonlyArray<readonly [at: number, event: string, pid: number, signal?: string]> = [
    [1000, 'worker:draining', 11],
    [1100, 'worker:draining', 12],
    [1200, 'worker:draining', 13],
    // A crash of a worker that was not draining.
    [1300, 'worker:exited', 99, 'SIGSEGV'],
    [1500, 'worker:exited', 11],
    [3100, 'worker:exited', 12, 'SIGKILL']
  ]

  for (const [now, event, pid, signal = null] of lines) watch.observe({ event, pid, signal }, now)

  t.strictSame(watch.report(3150), { begun: 3, finished: 1, killed: 1, longest: 2000 })
  t.strictSame(watch.report(4200), { begun: 3, finished: 1, killed: 1, longest: 3000 })
})

await t.test('a line without a pid is ignored', async (t) => {
  const watch = new DrainWatch()

  watch.observe({ event: 'worker:draining' }, 1)

  t.strictSame(watch.report(1000), { begun: 0, finished: 0, killed: 0, longest: 0 })
})
