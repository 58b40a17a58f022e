import t from 'tap'

import { growthOf } from '../../src/soak/growth.ts'

/** Values after 3, 6, 9 and so on reloads. */
const SERIES: ReadonlyArray<readonly [title: string, isLeak: boolean, values: readonly number[]]> = [
  ['is flat', false, [20, 20, 20, 20, 20, 20, 20, 20, 20, 20]],
  ['grows by one a reload', true, [23, 26, 29, 32, 35, 38, 41, 44, 47, 50]],
  ['grows by one in three reloads', true, [20, 21, 22, 23, 24, 25, 26, 27, 28, 29]],
  ['grows by one a reload, among noise', true, [25, 24, 31, 30, 37, 36, 43, 42, 49, 48]],
  ['grows by one a reload, with two outliers', true, [23, 26, 80, 32, 35, 38, 0, 44, 47, 50]],
  ['is noisy', false, [20, 23, 19, 22, 20, 24, 18, 21, 23, 20]],
  ['is noisier at its end', false, [20, 20, 20, 20, 20, 20, 23, 24, 20, 25]],
  ['shrinks', false, [50, 47, 44, 41, 38, 35, 32, 29, 26, 23]],
  ['is one higher for a while', false, [20, 20, 21, 21, 21, 21, 20, 20, 20, 20]],
  ['rises late, and once', false, [20, 20, 20, 20, 20, 20, 24, 24, 24, 24]],
  ['rises early, and once', false, [20, 20, 24, 24, 24, 24, 24, 24, 24, 24]],
  ['rises in the first half only', false, [20, 21, 22, 23, 24, 25, 25, 25, 25, 25]],
  ['has grown by two', false, [20, 20, 20, 21, 21, 21, 21, 22, 22, 22]],
  ['is too short', false, [20, 30, 40, 50, 60]],
  ['is as short as possible', true, [23, 26, 29, 32, 35, 38]]
]

await t.test('a series is a leak when it keeps rising by more than its noise', async (t) => {
  for (const [title, isLeak, values] of SERIES) {
    t.equal(growthOf(values.map((value, index) => ({ reloads: 3 * (index + 1), value }))).isLeak, isLeak, title)
  }
})

await t.test('the slope is per reload, and every series has one', async (t) => {
  t.match(growthOf([{ reloads: 10, value: 5 }, { reloads: 20, value: 25 }]), { slope: 2, noise: 0 })
  t.match(growthOf([{ reloads: 10, value: 5 }]), { slope: 0, noise: 0 })
  t.match(growthOf([]), { slope: 0, noise: 0 })
})
