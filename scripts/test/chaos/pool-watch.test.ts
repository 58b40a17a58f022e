import t from 'tap'

import { PoolWatch } from '../../src/chaos/pool-watch.ts'
import { DEATH_CODE, DIES_WHEN_READY, GOOD_RELEASES, HANGS_WHEN_READY, LAST_RELEASE } from '../../src/chaos/releases.ts'

const PID = 100

interface Life {
  readonly title: string
  readonly release: string
  readonly isKilled?: boolean
  readonly exit: { readonly code: number | null, readonly signal: string | null }
  readonly cause?: string
}

/** A worker of generation 2, which is ready; generation 1 has one as well. */
function watch (release: string): PoolWatch {
  const pool = new PoolWatch(GOOD_RELEASES[0])
  const lines = [
    { event: 'worker:forked', slot: 0, generation: 1, pid: 1 },
    { event: 'worker:ready', slot: 0, generation: 1, pid: 1 },
    { event: 'reload:started', generation: 2, application: `/srv/${release}/app.js` },
    { event: 'worker:forked', slot: 0, generation: 2, pid: PID },
    { event: 'worker:ready', slot: 0, generation: 2, pid: PID }
  ]
  for (const [time, line] of lines.entries()) pool.observe(line, time)
  return pool
}

const LIVES: readonly Life[] = [
  { title: 'killed by the monkey', release: GOOD_RELEASES[1], isKilled: true, exit: { code: null, signal: 'SIGKILL' }, cause: 'was killed by the monkey' },
  { title: 'of a good release killed by the service', release: GOOD_RELEASES[1], exit: { code: null, signal: 'SIGKILL' } },
  { title: 'of a good release that exits on its own', release: GOOD_RELEASES[1], exit: { code: DEATH_CODE, signal: null } },
  { title: 'that had drained when the monkey tried to kill it', release: GOOD_RELEASES[1], isKilled: true, exit: { code: 0, signal: null } },
  { title: 'of a release that dies, when it does', release: DIES_WHEN_READY, exit: { code: DEATH_CODE, signal: null }, cause: 'exited on its own' },
  { title: 'of a release that dies, when it has been drained first', release: DIES_WHEN_READY, exit: { code: 0, signal: null } },
  { title: 'of a release that hangs, killed by the service', release: HANGS_WHEN_READY, exit: { code: null, signal: 'SIGKILL' }, cause: 'hung and was killed' }
]

for (const { title, release, isKilled = false, exit, cause } of LIVES) {
  await t.test(`the end of a worker ${title} ${cause === undefined ? 'is no reason to lose requests' : 'costs requests'}`, async (t) => {
    const pool = watch(release)
    const worker = pool.alive.find(({ pid }) => pid === PID)
    if (isKilled && worker !== undefined) worker.killedAt = 10

    pool.observe({ event: 'worker:exited', slot: 0, generation: 2, pid: PID, ...exit }, 20)

    t.strictSame(pool.deaths.map((death) => death.cause), cause === undefined ? [] : [cause])
  })
}

await t.test('a worker that serves is ready, of a good release, and not killed', async (t) => {
  t.strictSame(watch(GOOD_RELEASES[1]).serving.map(({ pid }) => pid), [1, PID])
  t.strictSame(watch(DIES_WHEN_READY).serving.map(({ pid }) => pid), [1])

  const pool = watch(GOOD_RELEASES[1])
  pool.observe({ event: 'worker:draining', pid: PID }, 10)
  t.strictSame(pool.serving.map(({ pid }) => pid), [1])
})

await t.test('the outcome of a reload is that of the newest generation of its release', async (t) => {
  const pool = watch(LAST_RELEASE)
  t.equal(pool.outcomeOf(LAST_RELEASE), undefined)

  pool.observe({ level: 40, event: 'reload:failed', generation: 2 }, 10)
  t.equal(pool.outcomeOf(LAST_RELEASE), 'failed')

  pool.observe({ event: 'reload:started', generation: 3, application: `/srv/${LAST_RELEASE}/app.js` }, 11)
  t.equal(pool.outcomeOf(LAST_RELEASE), undefined)
  t.equal(pool.isReloading, true)

  pool.observe({ event: 'reload:completed', generation: 3 }, 12)
  t.equal(pool.outcomeOf(LAST_RELEASE), 'completed')
  t.strictSame(pool.reloads, { started: 2, completed: 1, failed: 0, abandoned: 1, refused: 0 })
})
