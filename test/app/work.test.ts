import t from 'tap'

import { buildApp, worker } from './build-app.ts'

await t.test('GET /work computes hashes and answers with their number', async (t) => {
  const app = buildApp(t)

  const response = await app.inject('/work')
  const { hashes, ...rest } = response.json()

  t.equal(response.statusCode, 200)
  t.ok(hashes > 0, `${hashes} hashes`)
  t.strictSame(rest, { worked: 100, ...worker })
})

await t.test('GET /work?ms=0 does no work', async (t) => {
  const app = buildApp(t)

  const response = await app.inject('/work?ms=0')

  t.strictSame(response.json(), { worked: 0, hashes: 0, ...worker })
})
