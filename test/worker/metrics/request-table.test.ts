import t from 'tap'
import { MAX_SERIES, REQUEST_BOUNDS } from '../../../src/protocol/measurements.ts'
import { RequestTable } from '../../../src/worker/metrics/request-table.ts'

for (const [milliseconds, bucket] of [
  [0, 0], [0.999, 0], [1, 0], [1.001, 1], [5, 1], [10, 2], [25.5, 4], [1000, 8], [10_000, 11], [10_001, 12], [1e9, 12]
] as const) {
  await t.test(`a request of ${milliseconds} ms counts in the bucket ${([...REQUEST_BOUNDS, Infinity])[bucket]}`, async (t) => {
    const table = new RequestTable()

    table.add('GET', '/', 200, milliseconds)

    const [series] = table.series()
    t.strictSame(series?.counts, [...REQUEST_BOUNDS, Infinity].map((_bound, index) => index === bucket ? 1 : 0))
    t.equal(series?.sum, milliseconds / 1000)
  })
}

await t.test('there is a series for each method, route and status', async (t) => {
  const table = new RequestTable()

  for (const [method, route, status] of [['GET', '/', 200], ['GET', '/', 200], ['POST', '/', 200], ['GET', '/a', 200], ['GET', '/', 404]] as const) {
    table.add(method, route, status, 1)
  }

  t.strictSame(table.series().map(({ method, route, status, counts }) => [method, route, status, counts[0]]),
    [['GET', '/', 200, 2], ['GET', '/', 404, 1], ['POST', '/', 200, 1], ['GET', '/a', 200, 1]])
})

await t.test('the number of series is limited, and existing series still count', async (t) => {
  const table = new RequestTable()

  for (let route = 0; route < MAX_SERIES + 50; route++) table.add('GET', `/${route}`, route % 2 === 0 ? 200 : 404, 1)
  table.add('GET', '/0', 200, 1)

  const series = table.series()
  t.equal(series.length, MAX_SERIES + 2)
  t.match(series[0], { route: '/0', counts: [2] })
  t.match(series.slice(MAX_SERIES), [
    { method: 'other', route: 'other', status: 200, counts: [25] },
    { method: 'other', route: 'other', status: 404, counts: [25] }
  ])
})

await t.test('a route that is too long is cut', async (t) => {
  const table = new RequestTable()

  table.add('GET', `/${'x'.repeat(1000)}`, 200, 1)

  t.equal(table.series()[0]?.route.length, 200)
})
