import t from 'tap'

import { ReloadWatch } from '../../src/service/reload-watch.ts'

const STARTED_AT = 10_000
const OLD = 3

interface Answer {
  readonly generation?: number
  readonly openedAt?: number
  /** Milliseconds from the connection's opening to its answer. */
  readonly took?: number
}

/** Answers of a generation on connections opened every 20 ms. */
function answers (generation: number, from: number, to: number): Answer[] {
  return Array.from({ length: (to - from) / 20 }, (_, index) => ({ generation, openedAt: from + index * 20 }))
}

const CASES: ReadonlyArray<readonly [title: string, seen: readonly Answer[], now: number, end: number | undefined]> = [
  ['no answers', [], 99_999, undefined],
  ['only old ones', answers(3, 10_000, 12_000), 12_000, undefined],
  ['new ones at once', answers(4, 10_040, 12_000), 12_000, 10_040],
  ['new ones after old ones', [...answers(3, 10_000, 10_500), ...answers(4, 10_500, 12_000)], 12_000, 10_500],
  ['mixed for a while', [...answers(4, 10_200, 10_900), ...answers(3, 10_000, 11_000), ...answers(4, 11_000, 12_500)], 12_500, 10_980],
  ['a quiet time of less than a second', [...answers(3, 10_000, 10_500), ...answers(4, 10_500, 11_400)], 11_400, undefined],
  ['an old one again', [...answers(4, 10_000, 11_500), ...answers(3, 11_500, 11_520), ...answers(4, 11_520, 12_400)], 12_400, undefined],
  ['quiet because there are no new connections', [...answers(3, 10_000, 10_500), ...answers(4, 10_500, 10_600)], 99_999, undefined],
  ['an old connection kept from before', [...answers(4, 10_100, 12_000), { generation: 3, openedAt: 9000, took: 10 }], 12_000, 10_100],
  ['an old connection used late', [...answers(4, 10_100, 12_000), { generation: 3, openedAt: 11_900, took: 1500 }], 13_500, 10_100],
  ['two generations later', answers(5, 10_040, 12_000), 12_000, 10_040],
  ['answers whose connection has an unknown age', answers(4, 10_000, 12_000).map(({ generation = 0 }) => ({ generation })), 12_000, undefined],
  ['answers that name no generation', answers(4, 10_000, 12_000).map(({ openedAt = 0 }) => ({ openedAt })), 12_000, undefined]
]

for (const [title, seen, now, end] of CASES) {
  await t.test(`the end of a reload: ${title}`, async (t) => {
    const watch = new ReloadWatch(OLD, STARTED_AT)

    for (const { generation, openedAt, took = 5 } of seen) {
      const worker = generation === undefined ? {} : { generation }
      watch.observe({ worker, openedAt, seenAt: (openedAt ?? 0) + took })
    }

    t.equal(watch.endedAt(now), end)
  })
}

await t.test('the newest generation that answered is that of the reload', async (t) => {
  const watch = new ReloadWatch(OLD, STARTED_AT)

  for (const generation of [3, 5, 4]) watch.observe({ worker: { generation }, openedAt: 10_100, seenAt: 10_101 })

  t.equal(watch.newGeneration, 5)
})
