import t from 'tap'

import { Latencies } from '../../src/measure/latencies.ts'

await t.test('percentiles are at most 1 % too high and never too low', async (t) => {
  const distributions: ReadonlyArray<readonly [title: string, latency: (index: number) => number]> = [
    ['even', (index) => (index + 1) / 10],
    ['long tail', (index) => Math.exp(index / 1000)],
    ['all alike', () => 3.21]
  ]
  for (const [title, latency] of distributions) {
    const latencies = new Latencies()
    const all = Array.from({ length: 10_000 }, (_, index) => latency(index))
    for (const value of all) latencies.add(value)
    all.sort((a, b) => a - b)

    for (const share of [0.01, 0.5, 0.9, 0.99, 0.999, 1]) {
      const exact = all[Math.ceil(all.length * share) - 1] ?? NaN
      const measured = latencies.percentile(share)

      t.ok(measured >= exact * 0.999_999 && measured <= exact * 1.0101, `${title}, ${share}: ${measured} for ${exact}`)
    }
  }
})

await t.test('the maximum and the count are exact, also beyond the buckets', async (t) => {
  const latencies = new Latencies()
  for (const value of [0, 0.000_1, 5, 10_000_000]) latencies.add(value)

  t.equal(latencies.count, 4)
  t.equal(latencies.max, 10_000_000)
  t.equal(latencies.percentile(0.5), 0.01)
})

await t.test('without latencies, everything is 0', async (t) => {
  const latencies = new Latencies()

  t.strictSame([latencies.count, latencies.max, latencies.percentile(0.99)], [0, 0, 0])
})

await t.test('merged latencies are the same as latencies counted together', async (t) => {
  const [one, other, together] = [new Latencies(), new Latencies(), new Latencies()]
  for (let index = 0; index < 1000; index++) {
    const latency = Math.exp(index / 100)
    together.add(latency)
    if (index % 3 === 0) one.add(latency)
    else other.add(latency)
  }

  one.merge(other)

  t.equal(one.count, 1000)
  t.equal(one.max, together.max)
  for (const share of [0, 0.01, 0.5, 0.99, 1]) t.equal(one.percentile(share), together.percentile(share), String(share))
})
