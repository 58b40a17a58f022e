import { once } from 'node:events'
import t, { type Test } from 'tap'
import type { Broadcast } from '../../src/protocol/messages.ts'
import { Bus } from '../../src/worker/bus.ts'
import { DEADLINE } from '../helpers/wait-until.ts'

const LIMIT = 64 * 1024
const TOPIC = 'prices'

interface Recorded {
  readonly bus: Bus
  /** Messages that it has sent to the primary. */
  readonly sent: Broadcast[]
}

function record (): Recorded {
  const sent: Broadcast[] = []
  return { bus: new Bus((broadcast) => { sent.push(broadcast) }), sent }
}

/** Resolves after all pending ticks. */
async function settled (): Promise<void> {
  await new Promise(setImmediate)
}

const SENT: Readonly<Record<string, readonly [data: unknown, received: unknown]>> = {
  'a string': ['milk', 'milk'],
  'a number': [0.5, 0.5],
  'a boolean': [false, false],
  null: [null, null],
  'an array': [[1, [2]], [1, [2]]],
  'an object': [{ one: { two: 2 } }, { one: { two: 2 } }],
  'a date, as a string': [new Date(0), '1970-01-01T00:00:00.000Z'],
  'an object without the fields that JSON omits': [{ kept: 1, left: undefined, out: () => {} }, { kept: 1 }],
  'null in place of a number that JSON does not have': [[NaN, Infinity], [null, null]]
}

for (const [title, [data, received]] of Object.entries(SENT)) {
  await t.test(`a worker sends ${title}`, async (t) => {
    const { bus, sent } = record()

    bus.broadcast(TOPIC, data)

    t.strictSame(sent, [{ topic: TOPIC, data: received }])
  })
}

await t.test('a message is a copy: later changes to its data are not sent', async (t) => {
  const { bus, sent } = record()
  const data = { stock: [1] }

  bus.broadcast(TOPIC, data)
  data.stock.push(2)

  t.strictSame(sent, [{ topic: TOPIC, data: { stock: [1] } }])
})

await t.test('broadcast() and on() may be called without their object', async (t) => {
  const { bus, sent } = record()
  const { broadcast, on } = bus
  const received: unknown[] = []

  on(TOPIC, (data) => { received.push(data) })
  broadcast(TOPIC, 1)
  bus.deliver({ topic: TOPIC, data: 2 })
  await settled()

  t.strictSame([sent, received], [[{ topic: TOPIC, data: 1 }], [2]])
})

/** The quotes around a string in JSON. */
const QUOTES = 2
const ROOM = LIMIT - TOPIC.length - QUOTES

const SIZES: Readonly<Record<string, readonly [topic: string, data: string, bytes: number]>> = {
  'exactly as long as allowed': [TOPIC, 'x'.repeat(ROOM), LIMIT],
  'a byte too long': [TOPIC, 'x'.repeat(ROOM + 1), LIMIT + 1],
  'exactly as long as allowed, in characters of two bytes': [TOPIC, 'ü'.repeat(ROOM / 2), LIMIT],
  'short enough in characters, but too long in bytes': [TOPIC, 'ü'.repeat(ROOM / 2 + 1), LIMIT + 2],
  'too long because of JSON escapes': [TOPIC, '"'.repeat(ROOM / 2 + 1), LIMIT + 2],
  'too long because of its topic': ['ü'.repeat(LIMIT / 2), '', LIMIT + QUOTES]
}

for (const [title, [topic, data, bytes]] of Object.entries(SIZES)) {
  await t.test(`a message that is ${title} is ${bytes > LIMIT ? 'refused' : 'sent'}`, async (t) => {
    const { bus, sent } = record()

    if (bytes > LIMIT) {
      t.throws(() => bus.broadcast(topic, data), {
        code: 'BATON_MESSAGE_NOT_SENT', message: `are ${bytes} bytes as JSON (limit: ${LIMIT})`
      })
      t.strictSame(sent, [])
    } else {
      bus.broadcast(topic, data)
      t.strictSame(sent, [{ topic, data }])
    }
  })
}

const cycle: { self?: unknown } = {}
cycle.self = cycle

const NOT_JSON: Readonly<Record<string, readonly [data: unknown, cause: RegExp]>> = {
  'that is undefined': [undefined, /is of type undefined, which JSON cannot represent$/],
  'that is a function': [() => {}, /is of type function, which/],
  'that is a symbol': [Symbol('s'), /is of type symbol, which/],
  'that is a BigInt': [1n, /cannot be converted to JSON \(.*BigInt/],
  'with a BigInt in it': [{ deep: [1n] }, /cannot be converted to JSON \(.*BigInt/],
  'with a cycle': [cycle, /cannot be converted to JSON \(.*circular/i],
  'whose toJSON fails': [{ toJSON () { throw new Error('not me') } }, /cannot be converted to JSON \(not me\)$/]
}

for (const [title, [data, cause]] of Object.entries(NOT_JSON)) {
  await t.test(`data ${title} is refused`, async (t) => {
    const { bus, sent } = record()

    t.throws(() => bus.broadcast(TOPIC, data), { code: 'BATON_MESSAGE_NOT_SENT', message: cause })
    t.strictSame(sent, [])
  })
}

for (const topic of [undefined, null, 7, {}]) {
  await t.test(`a topic that is not a string is refused: ${topic}`, async (t) => {
    const { bus, sent } = record()

    t.throws(() => bus.broadcast(topic as unknown as string, 1), { code: 'BATON_MESSAGE_NOT_SENT', message: /its topic is of type \w+, and must be a string$/ })
    t.strictSame(sent, [])
  })
}

await t.test('all handlers of the topic receive a message, in their order, and no others', async (t) => {
  const { bus } = record()
  const received: unknown[] = []
  bus.on(TOPIC, (data) => { received.push(['first', data]) })
  bus.on('toString', (data) => { received.push(['other', data]) })
  bus.on(TOPIC, (data) => { received.push(['second', data]) })

  bus.deliver({ topic: TOPIC, data: { it: 1 } })
  bus.deliver({ topic: 'unknown', data: 2 })
  bus.deliver({ topic: 'constructor', data: 3 })
  await settled()

  t.strictSame(received, [['first', { it: 1 }], ['second', { it: 1 }]])
})

await t.test('a worker does not receive its own messages', async (t) => {
  const { bus } = record()
  const received: unknown[] = []
  bus.on(TOPIC, (data) => { received.push(data) })

  bus.broadcast(TOPIC, 1)
  await settled()

  t.strictSame(received, [])
})

await t.test('a handler that was removed receives nothing, and the others still do', async (t) => {
  const { bus } = record()
  const received: string[] = []
  const remove = bus.on(TOPIC, () => { received.push('removed') })
  bus.on(TOPIC, () => { received.push('stays') })

  remove()
  remove()
  bus.deliver({ topic: TOPIC, data: 1 })
  await settled()

  t.strictSame(received, ['stays'])
})

await t.test('a handler that another one removes does not receive the current message', async (t) => {
  const { bus } = record()
  const received: string[] = []
  bus.on(TOPIC, () => { remove() })
  const remove = bus.on(TOPIC, () => { received.push('removed') })

  bus.deliver({ topic: TOPIC, data: 1 })
  await settled()

  t.strictSame(received, [])
})

await t.test('a handler that was added twice is called twice, and is removed once', async (t) => {
  const { bus } = record()
  const received: unknown[] = []
  const handler = (data: unknown): void => { received.push(data) }
  const remove = bus.on(TOPIC, handler)
  bus.on(TOPIC, handler)

  bus.deliver({ topic: TOPIC, data: 'both' })
  await settled()
  remove()
  bus.deliver({ topic: TOPIC, data: 'one' })
  await settled()

  t.strictSame(received, ['both', 'both', 'one'])
})

await t.test('a handler that is added during a message receives only the next one', async (t) => {
  const { bus } = record()
  const received: string[] = []
  bus.on(TOPIC, () => { bus.on(TOPIC, () => { received.push('late') }) })

  bus.deliver({ topic: TOPIC, data: 1 })
  await settled()

  t.strictSame(received, [])
})

await t.test('a handler that throws affects neither the channel nor the other handlers', async (t) => {
  const { bus } = record()
  const received: string[] = []
  const uncaught = nextUncaught(t)
  bus.on(TOPIC, () => { throw new Error('of the application') })
  bus.on(TOPIC, () => { received.push('second') })

  t.doesNotThrow(() => { bus.deliver({ topic: TOPIC, data: 1 }) })

  t.match(await uncaught, { message: 'of the application' })
  await settled()
  t.strictSame(received, ['second'])
})

/** The next uncaught error, which tap then does not handle. */
async function nextUncaught (t: Test): Promise<unknown> {
  const own = process.rawListeners('uncaughtException') as Array<(error: Error) => void>
  const emitter = process as NodeJS.EventEmitter
  for (const listener of own) emitter.off('uncaughtException', listener)
  t.teardown(() => { for (const listener of own) emitter.on('uncaughtException', listener) })
  const [error] = await once(emitter, 'uncaughtException', { signal: AbortSignal.timeout(DEADLINE) })
  return error
}
