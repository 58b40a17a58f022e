import t from 'tap'
import { plan, type Desired, type Plan } from '../../../src/primary/supervisor/plan.ts'
import { Slots } from '../../../src/primary/supervisor/slots.ts'
import { view } from './worker-view.ts'

const NOW = 1000

interface Row {
  readonly title: string
  /** As in `view()`; the ids are 1, 2, 3, ... */
  readonly workers: readonly string[]
  readonly desired: Partial<Desired> & Pick<Desired, 'slots'>
  readonly answer: Partial<Plan>
}

const rows: readonly Row[] = [
  {
    title: 'an empty pool gets a worker for each slot at once',
    workers: [],
    desired: { slots: [1, 1, 2] },
    answer: { fork: [{ slot: 0, generation: 1 }, { slot: 1, generation: 1 }, { slot: 2, generation: 2 }] }
  },
  {
    title: 'a pool in its desired state is not changed',
    workers: ['0/1 ready', '1/1 ready'],
    desired: { slots: [1, 1] },
    answer: {}
  },
  {
    title: 'a starting worker is waited for, until its deadline',
    workers: ['0/1 starting until 1500', '1/1 ready'],
    desired: { slots: [1, 1] },
    answer: { wakeAt: 1500 }
  },
  {
    title: 'a slot with another desired generation gets a replacement, and the old worker stays meanwhile',
    workers: ['0/1 ready', '1/1 ready'],
    desired: { slots: [2, 1] },
    answer: { fork: [{ slot: 0, generation: 2 }] }
  },
  {
    title: 'an old worker stays while its replacement is starting',
    workers: ['0/1 ready', '1/1 ready', '0/2 starting until 1500'],
    desired: { slots: [2, 1] },
    answer: { wakeAt: 1500 }
  },
  {
    title: 'an old worker is drained when its replacement is ready',
    workers: ['0/1 ready', '1/1 ready', '0/2 ready'],
    desired: { slots: [2, 1] },
    answer: { drain: [1] }
  },
  {
    title: 'the only worker is drained when its replacement is ready',
    workers: ['0/1 ready', '0/2 ready'],
    desired: { slots: [2] },
    answer: { drain: [1] }
  },
  {
    title: 'a ready replacement relieves no worker while another slot has no ready worker',
    workers: ['0/1 ready', '1/1 starting until 1500', '0/2 ready'],
    desired: { slots: [2, 1] },
    answer: { wakeAt: 1500 }
  },
  {
    title: 'no more replacements are started than may exist above the slots',
    workers: ['0/1 ready', '1/1 ready', '2/1 ready'],
    desired: { slots: [2, 2, 2], maxSurge: 2 },
    answer: { fork: [{ slot: 0, generation: 2 }, { slot: 1, generation: 2 }] }
  },
  {
    title: 'a slot without a ready worker is filled before one that only needs a replacement',
    workers: ['0/1 ready'],
    desired: { slots: [2, 2] },
    answer: { fork: [{ slot: 1, generation: 2 }, { slot: 0, generation: 2 }] }
  },
  {
    title: 'with room for one worker only, the slot without a ready worker gets it',
    workers: ['0/1 ready', '0/2 ready', '1/1 draining'],
    desired: { slots: [3, 3] },
    answer: { fork: [{ slot: 1, generation: 3 }] }
  },
  {
    title: 'draining workers do not count towards the surge',
    workers: ['0/1 draining', '1/1 draining', '0/2 ready'],
    desired: { slots: [2, 2] },
    answer: { fork: [{ slot: 1, generation: 2 }] }
  },
  {
    title: 'several replacements at once are all ready before the first old worker drains',
    workers: ['0/1 ready', '1/1 ready', '0/2 ready', '1/2 starting until 1500'],
    desired: { slots: [2, 2], maxSurge: 2 },
    answer: { wakeAt: 1500 }
  },
  {
    title: 'when several replacements are ready, all old workers drain',
    workers: ['0/1 ready', '1/1 ready', '0/2 ready', '1/2 ready'],
    desired: { slots: [2, 2], maxSurge: 2 },
    answer: { drain: [1, 2] }
  },
  {
    title: 'a starting worker that is no longer wanted is ended at once, and its successor starts',
    workers: ['0/1 ready', '1/1 ready', '0/2 starting until 1500'],
    desired: { slots: [3, 1] },
    answer: { drain: [3], fork: [{ slot: 0, generation: 3 }], wakeAt: 1500 }
  },
  {
    title: 'a stale worker is replaced first',
    workers: ['0/1 ready stale', '1/1 ready'],
    desired: { slots: [1, 1] },
    answer: { fork: [{ slot: 0, generation: 1 }] }
  },
  {
    title: 'a stale worker is drained when its replacement is ready',
    workers: ['0/1 ready stale', '1/1 ready', '0/1 ready'],
    desired: { slots: [1, 1] },
    answer: { drain: [1] }
  },
  {
    title: 'a worker that could be spared stays until its own replacement is ready',
    workers: ['0/1 ready', '1/1 ready stale', '1/1 ready'],
    desired: { slots: [2, 1] },
    answer: { drain: [2], fork: [{ slot: 0, generation: 2 }] }
  },
  {
    title: 'a stale worker whose replacement became stale drains, so that there is room for another',
    workers: ['0/1 ready stale', '1/1 ready', '0/1 ready stale'],
    desired: { slots: [1, 1] },
    answer: { drain: [1], fork: [{ slot: 0, generation: 1 }] }
  },
  {
    title: 'of two workers that both wait for a replacement none drains while it cannot be spared',
    workers: ['0/1 ready', '0/2 ready'],
    desired: { slots: [3, 3] },
    answer: { fork: [{ slot: 1, generation: 3 }] }
  },
  {
    title: 'a worker beyond the slots drains when enough others are ready',
    workers: ['0/1 ready', '1/1 ready'],
    desired: { slots: [1] },
    answer: { drain: [2] }
  },
  {
    title: 'a worker beyond the slots keeps serving while the others are not ready',
    workers: ['0/1 starting until 1500', '1/1 ready'],
    desired: { slots: [1] },
    answer: { wakeAt: 1500 }
  },
  {
    title: 'a starting worker beyond the slots is ended at once',
    workers: ['0/1 ready', '1/1 starting until 1500'],
    desired: { slots: [1] },
    answer: { drain: [2], wakeAt: 1500 }
  },
  {
    title: 'when no worker is wanted all of them drain, ready or not',
    workers: ['0/1 ready', '1/1 starting until 1500', '0/1 draining until 1700'],
    desired: { slots: [] },
    answer: { drain: [1, 2], wakeAt: 1500 }
  },
  {
    title: 'when no worker is wanted all of them drain without a surge as well',
    workers: ['0/1 ready', '1/1 ready'],
    desired: { slots: [], maxSurge: 0 },
    answer: { drain: [1, 2] }
  },
  {
    title: 'a crashed worker is not replaced before its restart time',
    workers: ['0/1 ready'],
    desired: { slots: [1, 1], restartAt: 1300 },
    answer: { wakeAt: 1300 }
  },
  {
    title: 'a crashed worker is replaced at its restart time',
    workers: ['0/1 ready'],
    desired: { slots: [1, 1], restartAt: 1000 },
    answer: { fork: [{ slot: 1, generation: 1 }] }
  },
  {
    title: 'a generation that has not crashed yet does not wait for the crashes of another',
    workers: [],
    desired: { slots: [1, 2], restartAt: 1300, fresh: 2 },
    answer: { fork: [{ slot: 1, generation: 2 }], wakeAt: 1300 }
  },
  {
    title: 'a worker past its deadline is killed, in any state',
    workers: ['0/1 starting until 1000', '1/1 ready', '1/1 draining until 999', '1/1 draining until 1001'],
    desired: { slots: [1, 1] },
    answer: { kill: [1, 3], wakeAt: 1001 }
  },
  {
    title: 'exited workers do not count',
    workers: ['0/1 exited until 999', '1/1 ready'],
    desired: { slots: [1, 1] },
    answer: { fork: [{ slot: 0, generation: 1 }] }
  },
  {
    title: 'the slot of a hung worker is filled although the worker still exists',
    workers: ['0/1 hung until 1500', '1/1 ready'],
    desired: { slots: [1, 1] },
    answer: { fork: [{ slot: 0, generation: 1 }], wakeAt: 1500 }
  },
  {
    title: 'without a surge the slot of a hung worker is filled when it has exited',
    workers: ['0/1 hung until 1500', '1/1 ready'],
    desired: { slots: [1, 1], maxSurge: 0 },
    answer: { wakeAt: 1500 }
  },
  {
    title: 'a ready worker whose deadline has passed is killed',
    workers: ['0/1 ready until 1000', '1/1 ready'],
    desired: { slots: [1, 1] },
    answer: { kill: [1] }
  },
  {
    title: 'an old worker stays while its replacement has to prove itself',
    workers: ['0/1 ready', '1/1 ready', '0/2 ready'],
    desired: { slots: [2, 1], keep: 0 },
    answer: {}
  },
  {
    title: 'a stale replacement that has to prove itself is not drained',
    workers: ['0/1 ready', '1/1 ready', '0/2 ready stale'],
    desired: { slots: [2, 1], keep: 0 },
    answer: {}
  },
  {
    title: 'stale workers are replaced one at a time, with any surge',
    workers: ['0/1 ready stale', '1/1 ready stale', '2/1 ready'],
    desired: { slots: [1, 1, 1], maxSurge: 3 },
    answer: { fork: [{ slot: 0, generation: 1 }] }
  },
  {
    title: 'the next stale worker waits until the replacement of the first has relieved it',
    workers: ['0/1 ready stale', '1/1 ready stale', '0/1 ready'],
    desired: { slots: [1, 1], maxSurge: 2 },
    answer: { drain: [1] }
  },
  {
    title: 'no serving worker is replaced while MAX_DRAINING workers drain',
    workers: ['0/2 ready', '1/1 ready', '0/1 draining until 1500'],
    desired: { slots: [1, 1], maxDraining: 1 },
    answer: { wakeAt: 1500 }
  },
  {
    title: 'of two workers to be relieved the older one stays, which has proved itself',
    workers: ['0/1 ready', '0/2 ready', '1/1 ready'],
    desired: { slots: [3, 1] },
    answer: { drain: [2], fork: [{ slot: 0, generation: 3 }] }
  },
  {
    title: 'without a surge one old worker drains first',
    workers: ['0/1 ready', '1/1 ready'],
    desired: { slots: [2, 2], maxSurge: 0 },
    answer: { drain: [1] }
  },
  {
    title: 'without a surge the replacement waits until the old worker has exited',
    workers: ['0/1 draining until 1500', '1/1 ready'],
    desired: { slots: [2, 2], maxSurge: 0 },
    answer: { wakeAt: 1500 }
  },
  {
    title: 'without a surge the replacement starts when the old worker has exited',
    workers: ['1/1 ready'],
    desired: { slots: [2, 1], maxSurge: 0 },
    answer: { fork: [{ slot: 0, generation: 2 }] }
  },
  {
    title: 'without a surge no other worker drains while a replacement is starting',
    workers: ['1/1 ready', '0/2 starting until 1500'],
    desired: { slots: [2, 2], maxSurge: 0 },
    answer: { wakeAt: 1500 }
  },
  {
    title: 'without a surge workers beyond the slots drain first, all that can be spared',
    workers: ['0/1 ready', '1/1 ready', '2/1 ready', '3/1 ready'],
    desired: { slots: [2, 1], maxSurge: 0 },
    answer: { drain: [3, 4] }
  },
  {
    title: 'without a surge an unwanted worker that is starting makes room when it has exited',
    workers: ['0/1 ready', '1/2 starting until 1500'],
    desired: { slots: [1, 3], maxSurge: 0 },
    answer: { drain: [2], wakeAt: 1500 }
  }
]

for (const { title, workers, desired, answer } of rows) {
  await t.test(title, async (t) => {
    const views = workers.map((worker, index) => view(worker, index + 1))

    const planned = plan(new Slots(views), { maxSurge: 1, restartAt: 0, ...desired }, NOW)

    t.strictSame(planned, { fork: [], drain: [], kill: [], wakeAt: Infinity, ...answer })
  })
}
