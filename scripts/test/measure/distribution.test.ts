import t from 'tap'

import { distributionOf } from '../../src/measure/distribution.ts'
import { Latencies } from '../../src/measure/latencies.ts'

function latenciesOf (count: number): Latencies {
  const latencies = new Latencies()
  for (let number = 1; number <= count; number++) latencies.add(number)
  return latencies
}

await t.test('a distribution has no points without requests, and ends with the longest', async (t) => {
  for (const [count, points] of [[0, 0], [1, 1], [10, 9], [1000, 25], [100_000, 41]] as const) {
    const distribution = distributionOf(latenciesOf(count))

    t.equal(distribution.length, points, `${count} requests`)
    t.equal(distribution.at(-1)?.latency, count === 0 ? undefined : count)
    t.ok(distribution.every(({ share }) => share >= 0 && share < 1))
  }
})

await t.test('each point says how long its share of the requests took at most', async (t) => {
  const distribution = distributionOf(latenciesOf(1000))

  for (const [index, { share, latency }] of distribution.entries()) {
    if (index > 0) t.ok(share > (distribution[index - 1]?.share ?? 1), 'in ascending order')
    t.ok(latency >= share * 1000 * 0.999 && latency <= Math.max(1, share * 1000) * 1.011 + 1, `${latency} ms for ${share}`)
  }
})
