import t from 'tap'
import { readConfig } from '../../../src/config/config.ts'
import type { Generation } from '../../../src/primary/release/generation.ts'
import { advance, rewind, Rollout, type Advance } from '../../../src/primary/supervisor/rollout.ts'
import { Slots } from '../../../src/primary/supervisor/slots.ts'
import { WorkerHandle } from '../../../src/primary/workers/worker-handle.ts'
import { view } from './worker-view.ts'

interface AdvanceRow {
  readonly title: string
  readonly workers: readonly string[]
  readonly desired: { readonly slots: readonly number[], readonly atOnce?: number }
  readonly maxDraining?: number
  readonly answer: Partial<Advance> & Pick<Advance, 'wanted'>
}

/** Steps of a rollout of generation 2. */
const advances: readonly AdvanceRow[] = [
  {
    title: 'a rollout begins with one slot',
    workers: ['0/1 ready', '1/1 ready'],
    desired: { slots: [1, 1] },
    answer: { wanted: [2, 1] }
  },
  {
    title: 'a rollout begins with a slot without a ready worker',
    workers: ['0/1 ready', '1/1 starting', '2/1 ready'],
    desired: { slots: [1, 1, 1] },
    answer: { wanted: [1, 2, 1] }
  },
  {
    title: 'no other slot is advanced while a replacement is starting',
    workers: ['0/1 ready', '1/1 ready', '0/2 starting'],
    desired: { slots: [2, 1] },
    answer: { wanted: [2, 1] }
  },
  {
    title: 'the next slot is advanced while the old worker of the last one drains',
    workers: ['0/1 draining', '1/1 ready', '0/2 ready'],
    desired: { slots: [2, 1] },
    answer: { wanted: [2, 2] }
  },
  {
    title: 'as many slots are advanced at once as the surge allows',
    workers: ['0/1 ready', '1/1 ready', '2/1 ready', '3/1 ready', '1/2 starting'],
    desired: { slots: [1, 2, 1, 1], atOnce: 3 },
    answer: { wanted: [2, 2, 2, 1] }
  },
  {
    title: 'no slot is advanced while none may be, as with a canary',
    workers: ['0/1 ready', '0/2 ready', '1/1 ready'],
    desired: { slots: [2, 1], atOnce: 0 },
    answer: { wanted: [2, 1], isWaitingForDrains: true }
  },
  {
    title: 'a rollout is not complete while an old worker hangs',
    workers: ['0/2 ready', '0/1 hung'],
    desired: { slots: [2] },
    answer: { wanted: [2] }
  },
  {
    title: 'a slot whose new worker crashed is still under way',
    workers: ['0/1 draining', '1/1 ready'],
    desired: { slots: [2, 1] },
    answer: { wanted: [2, 1] }
  },
  {
    title: 'a slot whose new worker is stale is still under way',
    workers: ['0/2 ready stale', '1/1 ready'],
    desired: { slots: [2, 1] },
    answer: { wanted: [2, 1] }
  },
  {
    title: 'a slot that already has its new worker needs no step',
    workers: ['0/2 ready', '1/2 ready'],
    desired: { slots: [2, 1] },
    answer: { wanted: [2, 2], isComplete: true }
  },
  {
    title: 'a rollout is complete when only the new generation accepts connections',
    workers: ['0/1 draining', '1/1 draining', '0/2 ready', '1/2 ready', '1/1 exited'],
    desired: { slots: [2, 2] },
    answer: { wanted: [2, 2], isComplete: true }
  },
  {
    title: 'a rollout is not complete while an old worker has not been drained',
    workers: ['0/1 ready', '0/2 ready'],
    desired: { slots: [2] },
    answer: { wanted: [2] }
  },
  {
    title: 'a rollout is not complete while an old worker beyond the slots serves',
    workers: ['0/2 ready', '1/1 ready'],
    desired: { slots: [2] },
    answer: { wanted: [2] }
  },
  {
    title: 'a rollout is not complete while an old worker is starting',
    workers: ['0/2 ready', '0/1 starting'],
    desired: { slots: [2] },
    answer: { wanted: [2] }
  },
  {
    title: 'a step waits while MAX_DRAINING workers drain',
    workers: ['0/1 ready', '1/1 ready', '0/0 draining', '1/0 draining'],
    desired: { slots: [1, 1] },
    maxDraining: 2,
    answer: { wanted: [1, 1], isWaitingForDrains: true }
  },
  {
    title: 'only as many slots are advanced as may drain',
    workers: ['0/1 ready', '1/1 ready', '2/1 ready', '0/0 draining'],
    desired: { slots: [1, 1, 1], atOnce: 3 },
    maxDraining: 3,
    answer: { wanted: [2, 2, 1] }
  },
  {
    title: 'workers that are about to drain count as draining ones',
    workers: ['0/1 ready', '1/1 ready', '2/1 ready', '0/2 ready', '1/2 starting'],
    desired: { slots: [2, 2, 1], atOnce: 3 },
    maxDraining: 2,
    answer: { wanted: [2, 2, 1] }
  },
  {
    title: 'a slot without a ready worker is advanced although others drain',
    workers: ['0/1 ready', '0/0 draining'],
    desired: { slots: [1, 1] },
    maxDraining: 1,
    answer: { wanted: [1, 2] }
  },
  {
    title: 'a rollout that has a replacement starting waits for that, not for drains',
    workers: ['0/1 ready', '1/1 ready', '0/2 starting', '1/0 draining'],
    desired: { slots: [2, 1] },
    maxDraining: 1,
    answer: { wanted: [2, 1] }
  }
]

for (const { title, workers, desired, maxDraining = 10, answer } of advances) {
  await t.test(title, async (t) => {
    const views = workers.map((worker, index) => view(worker, index + 1))

    const advanced = advance(new Slots(views), desired.slots, 2, maxDraining, desired.atOnce ?? 1)

    t.strictSame(advanced, { isComplete: false, isWaitingForDrains: false, ...answer })
  })
}

const rewinds: ReadonlyArray<{ title: string, workers: readonly string[], slots: readonly number[], answer: readonly number[] }> = [
  {
    title: 'a slot whose replacement is starting goes back',
    workers: ['0/1 ready', '0/2 starting', '1/1 ready'],
    slots: [2, 1],
    answer: [1, 1]
  },
  {
    title: 'a slot whose replacement is gone goes back',
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
    title: 'a slot whose replacement is ready and has not relieved the old worker goes back',
    workers: ['0/1 ready', '0/2 ready'],
    slots: [2],
    answer: [1]
  },
  {
    title: 'a slot that was relieved stays as it is, even when its new worker is stale',
    workers: ['0/2 ready stale'],
    slots: [2],
    answer: [2]
  },
  {
    title: 'slots that were not advanced keep their generation',
    workers: ['0/0 ready', '1/1 starting'],
    slots: [0, 1],
    answer: [0, 1]
  }
]

for (const { title, workers, slots, answer } of rewinds) {
  await t.test(title, async (t) => {
    const views = workers.map((worker, index) => view(worker, index + 1))

    const rewound = rewind(new Slots(views), slots, 2, () => 1)

    t.strictSame(rewound, answer)
  })
}

function release (number: number, directory = '/release'): Generation {
  return {
    number, config: readConfig({ CANARY_MS: '0' }, () => 2), variables: {}, environment: {}, program: `${directory}/worker.js`, application: null, directory
  }
}

/** @param places of ready workers, such as `0/1` */
function ready (...places: readonly string[]): Slots<WorkerHandle> {
  return new Slots(places.map((place, id) => {
    const [slot, number] = place.split('/').map(Number) as [number, number]
    const worker = new WorkerHandle(id, slot, release(number), 0)
    worker.listens(1)
    worker.reportReady(1)
    return worker
  }))
}

await t.test('a rollout with the same number of workers is complete when all slots have their new worker', async (t) => {
  const rollout = new Rollout({ generation: release(2), workers: 2 }, [1, 1], 0)

  t.match(rollout.step(ready('0/2', '1/2'), [2, 2], 1, 10), { slots: [2, 2], isComplete: true })
})

await t.test('slots are added when all others are of the new release', async (t) => {
  const rollout = new Rollout({ generation: release(2), workers: 3 }, [1, 1], 0)

  t.match(rollout.step(ready('0/2', '1/1'), [2, 1], 1, 10), { slots: [2, 2], isComplete: false })
  t.match(rollout.step(ready('0/2', '1/2'), [2, 2], 1, 10), { slots: [2, 2, 2], isComplete: false })
  t.match(rollout.step(ready('0/2', '1/2', '2/2'), [2, 2, 2], 1, 10), { slots: [2, 2, 2], isComplete: true })
})

await t.test('slots are removed when all are of the new release', async (t) => {
  const rollout = new Rollout({ generation: release(2), workers: 1 }, [1, 1], 0)

  t.match(rollout.step(ready('0/2', '1/2'), [2, 2], 1, 10), { slots: [2], isComplete: false })
  t.match(rollout.step(ready('0/2'), [2], 1, 10), { slots: [2], isComplete: true })
})

for (const [title, directory, isFault, slots] of [
  ['in a release folder of its own, takes the relieved slots back', '/release/2', true, [1, 1, 1]],
  ['with files replaced in place leaves the relieved slots as they are', '/release', true, [2, 1, 1]],
  ['that is only overtaken leaves the relieved slots as they are', '/release/2', false, [2, 1, 1]]
] as const) {
  await t.test(`a rollout that ends half way, ${title}`, async (t) => {
    const rollout = new Rollout({ generation: release(2, directory), workers: 3 }, [1, 1, 1], 0)

    t.strictSame(rollout.retreat(ready('0/2', '1/1', '1/2', '2/1'), [2, 2, 1], 3, release, isFault), slots)
  })
}

await t.test('each slot goes back to its previous generation, and an added slot to the newest of those', async (t) => {
  const rollout = new Rollout({ generation: release(5, '/release/5'), workers: 2 }, [2, 4], 0)

  t.strictSame(rollout.retreat(ready('0/5', '1/5', '2/5'), [5, 5, 5], 3, release, true), [2, 4, 4])
})

await t.test('the number of slots is restored when the release itself had changed it', async (t) => {
  const grown = new Rollout({ generation: release(2), workers: 3 }, [1, 1], 0)
  const shrunk = new Rollout({ generation: release(2), workers: 1 }, [1, 1], 0)

  t.strictSame(grown.retreat(ready('0/2', '1/2'), [2, 2, 2], 2, () => release(1), true), [2, 2])
  t.strictSame(shrunk.retreat(ready('0/2'), [2], 2, () => release(1), true), [2, 1])
})
