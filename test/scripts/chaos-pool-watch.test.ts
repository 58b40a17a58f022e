import t from 'tap'

import { PoolWatch } from '../../scripts/chaos/pool-watch.ts'
import { DEATH_CODE, DIES, GOOD, HANGS, LAST } from '../../scripts/chaos/releases.ts'

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
  const pool = new PoolWatch(GOOD[0])
  const lines = [
    { event: 'worker:forked', slot: 0, generation: 1, pid: 1 },
    { event: 'worker:ready', slot: 0, generation: 1, pid: 1 },
    { event: 'reload:started', generation: 2, application: `/srv/${release}/app.js` },
    { event: 'worker:forked', slot: 0, generation: 2, pid: PID },
    { event: 'worker:ready', slot: 0, generation: 2, pid: PID }
  ]
  for (const [time, line] of lines.entries()) pool.hear(line, time)
  return pool
}

const LIVES: readonly Life[] = [
  { title: 'killed by the hand', release: GOOD[1], isKilled: true, exit: { code: null, signal: 'SIGKILL' }, cause: 'killed by the hand' },
  { title: 'of a good release killed by the service', release: GOOD[1], exit: { code: null, signal: 'SIGKILL' } },
  { title: 'of a good release that exits by itself', release: GOOD[1], exit: { code: DEATH_CODE, signal: null } },
  { title: 'that had drained when the hand wanted to kill it', release: GOOD[1], isKilled: true, exit: { code: 0, signal: null } },
  { title: 'of a release that dies, when it does', release: DIES, exit: { code: DEATH_CODE, signal: null }, cause: 'exited on its own' },
  { title: 'of a release that dies, when it is drained before', release: DIES, exit: { code: 0, signal: null } },
  { title: 'of a release that hangs, killed by the service', release: HANGS, exit: { code: null, signal: 'SIGKILL' }, cause: 'hung, and was killed' }
]

for (const { title, release, isKilled = false, exit, cause } of LIVES) {
  await t.test(`the end of a worker ${title} ${cause === undefined ? 'excuses nothing' : 'is an excuse'}`, async (t) => {
    const pool = watch(release)
    const worker = pool.alive.find(({ pid }) => pid === PID)
    if (isKilled && worker !== undefined) worker.killedAt = 10

    pool.hear({ event: 'worker:exited', slot: 0, generation: 2, pid: PID, ...exit }, 20)

    t.strictSame(pool.deaths.map((death) => death.cause), cause === undefined ? [] : [cause])
  })
}

await t.test('who serves is ready, of a good release, and not killed', async (t) => {
  t.strictSame(watch(GOOD[1]).serving.map(({ pid }) => pid), [1, PID])
  t.strictSame(watch(DIES).serving.map(({ pid }) => pid), [1])

  const pool = watch(GOOD[1])
  pool.hear({ event: 'worker:draining', pid: PID }, 10)
  t.strictSame(pool.serving.map(({ pid }) => pid), [1])
})

await t.test('the outcome of a reload is that of the newest generation of its release', async (t) => {
  const pool = watch(LAST)
  t.equal(pool.outcomeOf(LAST), undefined)

  pool.hear({ event: 'reload:failed', generation: 2, msg: 'reload abandoned: a newer reload was requested' }, 10)
  t.equal(pool.outcomeOf(LAST), 'failed')

  pool.hear({ event: 'reload:started', generation: 3, application: `/srv/${LAST}/app.js` }, 11)
  t.equal(pool.outcomeOf(LAST), undefined)
  t.equal(pool.isReloading, true)

  pool.hear({ event: 'reload:completed', generation: 3 }, 12)
  t.equal(pool.outcomeOf(LAST), 'completed')
  t.strictSame(pool.reloads, { started: 2, completed: 1, failed: 0, givenUp: 1, refused: 0 })
})
