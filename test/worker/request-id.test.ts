import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import Fastify, { type FastifyServerOptions } from 'fastify'
import t from 'tap'
import { requestIds } from '../../src/worker/request-id.ts'
import { build } from './built-server.ts'

const GENERATED = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** @returns the id of a request with these headers */
function idOf (headers: Readonly<Record<string, string>>, options: FastifyServerOptions = {}): string {
  const request = Object.assign(new IncomingMessage(new Socket()), { headers })
  return (requestIds(options).genReqId as (request: IncomingMessage) => string)(request)
}

for (const id of ['a', '4f1c-7', 'Root=1-67891233-abcdef012345678912345678', '!', '~', '"\\', 'x'.repeat(128)]) {
  await t.test(`a request keeps a valid id: ${id}`, async (t) => {
    t.equal(idOf({ 'x-request-id': id }), id)
  })
}

for (const id of ['', ' ', 'a b', 'one, two', 'tab\there', 'line\nbreak', 'é', '\u007f', '\0', 'x'.repeat(129)]) {
  await t.test(`a request with an invalid id gets another one: ${JSON.stringify(id)}`, async (t) => {
    t.match(idOf({ 'x-request-id': id }), GENERATED)
  })
}

await t.test('a request without an id gets one of its own', async (t) => {
  const ids = Array.from({ length: 1000 }, () => idOf({}))

  t.equal(new Set(ids).size, 1000)
  t.match(ids[0], GENERATED)
})

const generate = (): string => 'generated'

const OPTIONS: ReadonlyArray<readonly [title: string, options: FastifyServerOptions, id: string | RegExp]> = [
  ['may set another header', { requestIdHeader: 'X-Trace' }, 'trace'],
  ['may set the default header', { requestIdHeader: 'x-request-id', genReqId: generate }, 'given'],
  ['may ignore headers', { requestIdHeader: false }, GENERATED],
  ['may generate the ids of all requests', { genReqId: generate }, 'generated'],
  ['may generate an id if the header has none', { genReqId: generate, requestIdHeader: 'x-none' }, 'generated'],
  ['may generate an id if another header has none', { genReqId: generate, requestIdHeader: 'x-trace' }, 'trace']
]

for (const [title, options, id] of OPTIONS) {
  await t.test(`an application ${title}`, async (t) => {
    t.match(idOf({ 'x-request-id': 'given', 'x-trace': 'trace' }, options), id)
  })
}

await t.test('the id in a header that the application sets must also be valid', async (t) => {
  t.equal(idOf({ 'x-trace': 'a b' }, { genReqId: generate, requestIdHeader: 'x-trace' }), 'generated')
})

await t.test('Fastify uses the id as `request.id`', async (t) => {
  const fastify = Fastify(requestIds({}))
  fastify.get('/', async (request) => request.id)

  t.equal((await fastify.inject({ url: '/', headers: { 'X-Request-Id': 'abc' } })).body, 'abc')
  t.match((await fastify.inject({ url: '/', headers: { 'x-request-id': 'a b' } })).body, GENERATED)
})

await t.test('the id of a request is in all of its log lines, including its error', async (t) => {
  const { fastify, lines } = await build(t, {
    env: { LOG_REQUESTS: 'true' },
    plugin: async (fastify) => { fastify.get('/', async () => { throw new Error('broken') }) }
  })

  await fastify.inject({ url: '/', headers: { 'x-request-id': 'abc' } })

  t.match(lines, [
    { msg: 'incoming request', reqId: 'abc' },
    { msg: 'broken', reqId: 'abc', err: { message: 'broken' } },
    { msg: 'request completed', reqId: 'abc' }
  ])
})

await t.test('an application generates ids with a server option', async (t) => {
  const { fastify } = await build(t, {
    options: { genReqId: generate },
    plugin: async (fastify) => { fastify.get('/', async (request) => request.id) }
  })

  t.equal((await fastify.inject({ url: '/', headers: { 'x-request-id': 'abc' } })).body, 'generated')
})
