import t from 'tap'

import { formatSpread, imbalance, median, ratio, spreadOf, type Spread } from '../../src/measure/statistics.ts'

const MEDIANS: ReadonlyArray<readonly [values: readonly number[], expected: number]> = [
  [[], NaN],
  [[7], 7],
  [[3, 1], 2],
  [[9, 1, 5], 5],
  [[10, 9, 100, 1], 9.5],
  [[2, 10, 1], 2]
]

for (const [values, expected] of MEDIANS) {
  await t.test(`the median of ${JSON.stringify(values)} is ${expected}`, async (t) => {
    t.same(median(values), expected)
  })
}

await t.test('a spread has the median, the lowest and the highest, and does not reorder the values', async (t) => {
  const values = [3, 1, 8]

  t.strictSame(spreadOf(values), { median: 3, low: 1, high: 8 })
  t.strictSame(values, [3, 1, 8])
})

await t.test('a spread of nothing says so', async (t) => {
  t.equal(formatSpread(spreadOf([]), String), 'not measured')
})

const RATIOS: ReadonlyArray<readonly [title: string, values: readonly number[], bases: readonly number[], expected: Spread]> = [
  // The medians are 20 and 20, so their quotient would say that nothing differs.
  ['is taken round by round', [10, 20, 40], [20, 40, 20], { median: 0.5, low: 0.5, high: 2 }],
  ['leaves out a round that only one side has', [1, 2, 3], [2, 2], { median: 0.75, low: 0.5, high: 1 }],
  ['leaves out a round without a base', [1, 2], [0, 4], { median: 0.5, low: 0.5, high: 0.5 }]
]

for (const [title, values, bases, expected] of RATIOS) {
  await t.test(`a ratio ${title}`, async (t) => {
    t.strictSame(ratio(values, bases), expected)
  })
}

const IMBALANCES: ReadonlyArray<readonly [counts: readonly number[], expected: number]> = [
  [[16, 16, 16, 16], 1],
  [[32, 32, 0, 0], 2],
  [[64, 0, 0, 0], 4]
]

for (const [counts, expected] of IMBALANCES) {
  await t.test(`with ${counts.join(', ')} connections the busiest has ${expected} times the mean`, async (t) => {
    t.equal(imbalance(counts), expected)
  })
}

const FORMATS: ReadonlyArray<readonly [spread: Spread, expected: string]> = [
  [{ median: 1.5, low: 1, high: 2 }, '1.5 (1 to 2)'],
  [{ median: 2, low: 2, high: 2 }, '2']
]

for (const [spread, expected] of FORMATS) {
  await t.test(`a spread is written as ${expected}`, async (t) => {
    t.equal(formatSpread(spread, String), expected)
  })
}
