import t from 'tap'
import { advance, rewind, type Progress } from '../../../src/primary/supervisor/rollout.ts'
import { view } from './worker-view.ts'

interface Advance {
  readonly title: string
  readonly workers: readonly string[]
  readonly desired: { readonly slots: readonly number[], readonly atOnce?: number }
  readonly maxDraining?: number
  readonly answer: Partial<Progress> & Pick<Progress, 'slots'>
}

/** Generation 2 is rolled out. */
const advances: readonly Advance[] = [
  {
    title: 'a rollout begins with one slot',
    workers: ['0/1 ready', '1/1 ready'],
    desired: { slots: [1, 1] },
    answer: { slots: [2, 1] }
  },
  {
    title: 'a rollout begins with the slot that nobody serves',
    workers: ['0/1 ready', '1/1 starting', '2/1 ready'],
    desired: { slots: [1, 1, 1] },
    answer: { slots: [1, 2, 1] }
  },
  {
    title: 'no other slot is advanced while a replacement is starting',
    workers: ['0/1 ready', '1/1 ready', '0/2 starting'],
    desired: { slots: [2, 1] },
    answer: { slots: [2, 1] }
  },
  {
    title: 'the next slot is advanced while the old worker of the last one drains',
    workers: ['0/1 draining', '1/1 ready', '0/2 ready'],
    desired: { slots: [2, 1] },
    answer: { slots: [2, 2] }
  },
  {
    title: 'as many slots are advanced at once as may exist above the slots',
    workers: ['0/1 ready', '1/1 ready', '2/1 ready', '3/1 ready', '1/2 starting'],
    desired: { slots: [1, 2, 1, 1], atOnce: 3 },
    answer: { slots: [2, 2, 2, 1] }
  },
  {
    title: 'nobody is advanced while none may be, as with a canary',
    workers: ['0/1 ready', '0/2 ready', '1/1 ready'],
    desired: { slots: [2, 1], atOnce: 0 },
    answer: { slots: [2, 1], isWaitingForDrains: true }
  },
  {
    title: 'a rollout is not complete while an old worker hangs',
    workers: ['0/2 ready', '0/1 hung'],
    desired: { slots: [2] },
    answer: { slots: [2] }
  },
  {
    title: 'a slot whose new worker crashed is not left behind',
    workers: ['0/1 draining', '1/1 ready'],
    desired: { slots: [2, 1] },
    answer: { slots: [2, 1] }
  },
  {
    title: 'a slot whose new worker is stale is not left behind',
    workers: ['0/2 ready stale', '1/1 ready'],
    desired: { slots: [2, 1] },
    answer: { slots: [2, 1] }
  },
  {
    title: 'a slot that has its new worker already needs no step',
    workers: ['0/2 ready', '1/2 ready'],
    desired: { slots: [2, 1] },
    answer: { slots: [2, 2], isComplete: true }
  },
  {
    title: 'a rollout is complete when only the new generation accepts connections',
    workers: ['0/1 draining', '1/1 draining', '0/2 ready', '1/2 ready', '1/1 exited'],
    desired: { slots: [2, 2] },
    answer: { slots: [2, 2], isComplete: true }
  },
  {
    title: 'a rollout is not complete while an old worker is yet to be drained',
    workers: ['0/1 ready', '0/2 ready'],
    desired: { slots: [2] },
    answer: { slots: [2] }
  },
  {
    title: 'a rollout is not complete while an old worker beyond the slots serves',
    workers: ['0/2 ready', '1/1 ready'],
    desired: { slots: [2] },
    answer: { slots: [2] }
  },
  {
    title: 'a rollout is not complete while an old worker is starting',
    workers: ['0/2 ready', '0/1 starting'],
    desired: { slots: [2] },
    answer: { slots: [2] }
  },
  {
    title: 'a step waits while as many drain as may',
    workers: ['0/1 ready', '1/1 ready', '0/0 draining', '1/0 draining'],
    desired: { slots: [1, 1] },
    maxDraining: 2,
    answer: { slots: [1, 1], isWaitingForDrains: true }
  },
  {
    title: 'only as many slots are advanced as may drain',
    workers: ['0/1 ready', '1/1 ready', '2/1 ready', '0/0 draining'],
    desired: { slots: [1, 1, 1], atOnce: 3 },
    maxDraining: 3,
    answer: { slots: [2, 2, 1] }
  },
  {
    title: 'workers that are about to drain count as draining ones',
    workers: ['0/1 ready', '1/1 ready', '2/1 ready', '0/2 ready', '1/2 starting'],
    desired: { slots: [2, 2, 1], atOnce: 3 },
    maxDraining: 2,
    answer: { slots: [2, 2, 1] }
  },
  {
    title: 'a slot that nobody serves is advanced although others drain',
    workers: ['0/1 ready', '0/0 draining'],
    desired: { slots: [1, 1] },
    maxDraining: 1,
    answer: { slots: [1, 2] }
  },
  {
    title: 'a rollout that has a replacement starting waits for that, not for drains',
    workers: ['0/1 ready', '1/1 ready', '0/2 starting', '1/0 draining'],
    desired: { slots: [2, 1] },
    maxDraining: 1,
    answer: { slots: [2, 1] }
  }
]

for (const { title, workers, desired, maxDraining = 10, answer } of advances) {
  await t.test(title, async (t) => {
    const views = workers.map((worker, index) => view(worker, index + 1))

    const progress = advance(views, desired.slots, 2, maxDraining, desired.atOnce ?? 1)

    t.strictSame(progress, { isComplete: false, isWaitingForDrains: false, ...answer })
  })
}

const rewinds: ReadonlyArray<{ title: string, workers: readonly string[], slots: readonly number[], answer: readonly number[] }> = [
  {
    title: 'a slot whose replacement is starting goes back to what it had',
    workers: ['0/1 ready', '0/2 starting', '1/1 ready'],
    slots: [2, 1],
    answer: [1, 1]
  },
  {
    title: 'a slot whose replacement is gone goes back to what it had',
    workers: ['1/1 ready'],
    slots: [2, 1],
    answer: [1, 1]
  },
  {
    title: 'a slot that was relieved stays as it is',
    workers: ['0/2 ready', '0/1 draining', '1/1 ready', '1/2 starting'],
    slots: [2, 2],
    answer: [2, 1]
  },
  {
    title: 'a slot whose replacement is ready and has not relieved the old worker goes back to what it had',
    workers: ['0/1 ready', '0/2 ready'],
    slots: [2],
    answer: [1]
  },
  {
    title: 'a slot that was relieved stays as it is, also when its new worker is stale',
    workers: ['0/2 ready stale'],
    slots: [2],
    answer: [2]
  },
  {
    title: 'slots that were not advanced keep whatever they want',
    workers: ['0/0 ready', '1/1 starting'],
    slots: [0, 1],
    answer: [0, 1]
  }
]

for (const { title, workers, slots, answer } of rewinds) {
  await t.test(title, async (t) => {
    const views = workers.map((worker, index) => view(worker, index + 1))

    const rewound = rewind(views, slots, 2, () => 1)

    t.strictSame(rewound, answer)
  })
}
