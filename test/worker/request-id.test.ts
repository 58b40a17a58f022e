import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import Fastify, { type FastifyServerOptions } from 'fastify'
import t from 'tap'
import { requestIds } from '../../src/worker/request-id.ts'
import { build } from './building.ts'

const GENERATED = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** @returns the id of a request with these headers */
function idOf (headers: Readonly<Record<string, string>>, options: FastifyServerOptions = {}): string {
  const request = Object.assign(new IncomingMessage(new Socket()), { headers })
  return (requestIds(options).genReqId as (request: IncomingMessage) => string)(request)
}

for (const id of ['a', '4f1c-7', 'Root=1-67891233-abcdef012345678912345678', '!', '~', '"\\', 'x'.repeat(128)]) {
  await t.test(`a request keeps the decent id that it comes with: ${id}`, async (t) => {
    t.equal(idOf({ 'x-request-id': id }), id)
  })
}

for (const id of ['', ' ', 'a b', 'one, two', 'tab\there', 'line\nbreak', 'é', '\u007f', '\0', 'x'.repeat(129)]) {
  await t.test(`a request whose id is not decent gets another one: ${JSON.stringify(id)}`, async (t) => {
    t.match(idOf({ 'x-request-id': id }), GENERATED)
  })
}

await t.test('a request without an id gets one of its own', async (t) => {
  const ids = Array.from({ length: 1000 }, () => idOf({}))

  t.equal(new Set(ids).size, 1000)
  t.match(ids[0], GENERATED)
})

const make = (): string => 'made'

const OPTIONS: ReadonlyArray<readonly [title: string, options: FastifyServerOptions, id: string | RegExp]> = [
  ['may name another header', { requestIdHeader: 'X-Trace' }, 'trace'],
  ['may name the usual one', { requestIdHeader: 'x-request-id', genReqId: make }, 'given'],
  ['may take no id from a header', { requestIdHeader: false }, GENERATED],
  ['may make the ids of all requests', { genReqId: make }, 'made'],
  ['may make those that no header gives', { genReqId: make, requestIdHeader: 'x-none' }, 'made'],
  ['may make those that no header gives, and name one', { genReqId: make, requestIdHeader: 'x-trace' }, 'trace']
]

for (const [title, options, id] of OPTIONS) {
  await t.test(`an application ${title}`, async (t) => {
    t.match(idOf({ 'x-request-id': 'given', 'x-trace': 'trace' }, options), id)
  })
}

await t.test('a header that the application names must hold a decent id as well', async (t) => {
  t.equal(idOf({ 'x-trace': 'a b' }, { genReqId: make, requestIdHeader: 'x-trace' }), 'made')
})

await t.test('Fastify has the id of the request', async (t) => {
  const fastify = Fastify(requestIds({}))
  fastify.get('/', async (request) => request.id)

  t.equal((await fastify.inject({ url: '/', headers: { 'X-Request-Id': 'abc' } })).body, 'abc')
  t.match((await fastify.inject({ url: '/', headers: { 'x-request-id': 'a b' } })).body, GENERATED)
})

await t.test('the id of a request stands in all of its lines, also in that of its error', async (t) => {
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

await t.test('an application makes the ids by an option of its server', async (t) => {
  const { fastify } = await build(t, {
    options: { genReqId: make },
    plugin: async (fastify) => { fastify.get('/', async (request) => request.id) }
  })

  t.equal((await fastify.inject({ url: '/', headers: { 'x-request-id': 'abc' } })).body, 'made')
})
