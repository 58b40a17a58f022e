import t from 'tap'

import { LARGEST_SEED, Random } from '../../src/chaos/random.ts'

function draw (seed: number): number[] {
  const random = new Random(seed)
  return Array.from({ length: 1000 }, () => random.next())
}

await t.test('the same seed gives the same numbers, and another gives others', async (t) => {
  t.strictSame(draw(7), draw(7))
  t.notSame(draw(7), draw(8))
})

await t.test('numbers are from 0 up to 1 and spread over the whole range, whatever the seed', async (t) => {
  for (const seed of [0, 1, LARGEST_SEED]) {
    const numbers = draw(seed)

    t.ok(numbers.every((number) => number >= 0 && number < 1))
    for (let tenth = 0; tenth < 10; tenth++) {
      t.ok(numbers.filter((number) => Math.floor(number * 10) === tenth).length > 50, `tenth ${tenth} of seed ${seed}`)
    }
  }
})

await t.test('integers stay within their bounds, and reach both', async (t) => {
  const random = new Random(1)

  const integers = new Set(Array.from({ length: 200 }, () => random.between(3, 5)))

  t.strictSame([...integers].sort(), [3, 4, 5])
})

await t.test('a pick is one of the items, and none of an empty list', async (t) => {
  const random = new Random(1)

  t.strictSame(new Set(Array.from({ length: 100 }, () => random.pick(['a', 'b', 'c']))), new Set(['a', 'b', 'c']))
  t.equal(random.pick([]), undefined)
})

await t.test('an item comes as often as its weight says', async (t) => {
  const random = new Random(1)

  const picks = Array.from({ length: 4000 }, () => random.weighted([{ name: 'rare', weight: 1 }, { name: 'often', weight: 3 }]).name)

  const rare = picks.filter((name) => name === 'rare').length
  t.ok(rare > 900 && rare < 1100, `${rare} of 4000`)
})
