import t from 'tap'

import example from '../../src/app/index.ts'
import { buildApp, worker } from './build-app.ts'

await t.test('GET / says hello and names the worker', async (t) => {
  const app = buildApp(t)

  const response = await app.inject('/')

  t.equal(response.statusCode, 200)
  t.match(response.headers['content-type'], /^application\/json/)
  t.strictSame(response.json(), { hello: 'world', ...worker })
})

await t.test('the routes have the prefix with which the example is registered', async (t) => {
  const app = buildApp(t)
  app.register(example, { prefix: '/example' })

  const response = await app.inject('/example/slow?ms=0')

  t.equal(response.statusCode, 200)
})

await t.test('a query that the schema does not allow gets 400 with the reason', async (t) => {
  const app = buildApp(t)
  const queries: Array<[url: string, message: string]> = [
    ['/slow?ms=-1', 'querystring/ms must be >= 0'],
    ['/slow?ms=60001', 'querystring/ms must be <= 60000'],
    ['/slow?ms=1.5', 'querystring/ms must be integer'],
    ['/slow?ms=soon', 'querystring/ms must be integer'],
    ['/slow?ms=', 'querystring/ms must be integer'],
    ['/work?ms=-1', 'querystring/ms must be >= 0'],
    ['/work?ms=5001', 'querystring/ms must be <= 5000'],
    ['/stream?chunks=0', 'querystring/chunks must be >= 1'],
    ['/stream?chunks=10001', 'querystring/chunks must be <= 10000'],
    ['/stream?ms=-1', 'querystring/ms must be >= 0'],
    ['/stream?ms=10001', 'querystring/ms must be <= 10000']
  ]

  for (const [url, message] of queries) {
    const response = await app.inject(url)

    t.equal(response.statusCode, 400, url)
    t.strictSame(response.json(), { statusCode: 400, code: 'FST_ERR_VALIDATION', error: 'Bad Request', message }, url)
  }
})

await t.test('an unknown query parameter is ignored', async (t) => {
  const app = buildApp(t)

  const response = await app.inject('/slow?ms=0&colour=red')

  t.equal(response.statusCode, 200)
})
