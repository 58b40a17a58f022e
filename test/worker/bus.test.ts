import { once } from 'node:events'
import t, { type Test } from 'tap'
import type { Broadcast } from '../../src/protocol/messages.ts'
import { Bus } from '../../src/worker/bus.ts'
import { DEADLINE } from '../helpers/wait-until.ts'

const LIMIT = 64 * 1024
const TOPIC = 'prices'

interface Recorded {
  readonly bus: Bus
  /** What it has sent to the primary. */
  readonly sent: Broadcast[]
}

function record (): Recorded {
  const sent: Broadcast[] = []
  return { bus: new Bus((broadcast) => { sent.push(broadcast) }), sent }
}

/** After all ticks that are due. */
async function settled (): Promise<void> {
  await new Promise(setImmediate)
}

const SENT: Readonly<Record<string, readonly [data: unknown, heard: unknown]>> = {
  'a text': ['milk', 'milk'],
  'a number': [0.5, 0.5],
  'a claim': [false, false],
  nothing: [null, null],
  'a list': [[1, [2]], [1, [2]]],
  'an object': [{ one: { two: 2 } }, { one: { two: 2 } }],
  'a date, as JSON has it': [new Date(0), '1970-01-01T00:00:00.000Z'],
  'fields that JSON leaves out': [{ kept: 1, left: undefined, out: () => {} }, { kept: 1 }],
  'a number that JSON does not have': [[NaN, Infinity], [null, null]]
}

for (const [title, [data, heard]] of Object.entries(SENT)) {
  await t.test(`a worker says ${title}`, async (t) => {
    const { bus, sent } = record()

    bus.broadcast(TOPIC, data)

    t.strictSame(sent, [{ topic: TOPIC, data: heard }])
  })
}

await t.test('what is said is a copy: a change afterwards is not heard', async (t) => {
  const { bus, sent } = record()
  const data = { stock: [1] }

  bus.broadcast(TOPIC, data)
  data.stock.push(2)

  t.strictSame(sent, [{ topic: TOPIC, data: { stock: [1] } }])
})

await t.test('broadcast and on need no bus to be called on', async (t) => {
  const { bus, sent } = record()
  const { broadcast, on } = bus
  const heard: unknown[] = []

  on(TOPIC, (data) => { heard.push(data) })
  broadcast(TOPIC, 1)
  bus.deliver({ topic: TOPIC, data: 2 })
  await settled()

  t.strictSame([sent, heard], [[{ topic: TOPIC, data: 1 }], [2]])
})

/** The quotes around a text in JSON. */
const QUOTES = 2
const ROOM = LIMIT - TOPIC.length - QUOTES

const SIZES: Readonly<Record<string, readonly [topic: string, data: string, bytes: number]>> = {
  'as long as it may be': [TOPIC, 'x'.repeat(ROOM), LIMIT],
  'a byte too long': [TOPIC, 'x'.repeat(ROOM + 1), LIMIT + 1],
  'as long as it may be, in characters of two bytes': [TOPIC, 'ü'.repeat(ROOM / 2), LIMIT],
  'of few enough characters, and too many bytes': [TOPIC, 'ü'.repeat(ROOM / 2 + 1), LIMIT + 2],
  'too long because of what JSON escapes': [TOPIC, '"'.repeat(ROOM / 2 + 1), LIMIT + 2],
  'too long because of its topic': ['ü'.repeat(LIMIT / 2), '', LIMIT + QUOTES]
}

for (const [title, [topic, data, bytes]] of Object.entries(SIZES)) {
  await t.test(`a message that is ${title} is ${bytes > LIMIT ? 'refused' : 'sent'}`, async (t) => {
    const { bus, sent } = record()

    if (bytes > LIMIT) {
      t.throws(() => bus.broadcast(topic, data), {
        code: 'BATON_MESSAGE_NOT_SENT', message: `are ${bytes} bytes, and at most ${LIMIT} are allowed`
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
  'that is undefined': [undefined, /is of type undefined, which JSON does not carry$/],
  'that is a function': [() => {}, /is of type function, which/],
  'that is a symbol': [Symbol('s'), /is of type symbol, which/],
  'that is a BigInt': [1n, /cannot be JSON \(.*BigInt/],
  'with a BigInt in it': [{ deep: [1n] }, /cannot be JSON \(.*BigInt/],
  'with a cycle': [cycle, /cannot be JSON \(.*circular/i],
  'whose toJSON fails': [{ toJSON () { throw new Error('not me') } }, /cannot be JSON \(not me\)$/]
}

for (const [title, [data, cause]] of Object.entries(NOT_JSON)) {
  await t.test(`data ${title} is refused`, async (t) => {
    const { bus, sent } = record()

    t.throws(() => bus.broadcast(TOPIC, data), { code: 'BATON_MESSAGE_NOT_SENT', message: cause })
    t.strictSame(sent, [])
  })
}

for (const topic of [undefined, null, 7, {}]) {
  await t.test(`a topic that is no text is refused, because nobody would hear it: ${topic}`, async (t) => {
    const { bus, sent } = record()

    t.throws(() => bus.broadcast(topic as unknown as string, 1), { code: 'BATON_MESSAGE_NOT_SENT', message: /its topic is of type \w+, and must be a string$/ })
    t.strictSame(sent, [])
  })
}

await t.test('a message is heard by all handlers of its topic, in their order, and by no other', async (t) => {
  const { bus } = record()
  const heard: unknown[] = []
  bus.on(TOPIC, (data) => { heard.push(['first', data]) })
  bus.on('toString', (data) => { heard.push(['other', data]) })
  bus.on(TOPIC, (data) => { heard.push(['second', data]) })

  bus.deliver({ topic: TOPIC, data: { it: 1 } })
  bus.deliver({ topic: 'unknown', data: 2 })
  bus.deliver({ topic: 'constructor', data: 3 })
  await settled()

  t.strictSame(heard, [['first', { it: 1 }], ['second', { it: 1 }]])
})

await t.test('a worker does not hear itself', async (t) => {
  const { bus } = record()
  const heard: unknown[] = []
  bus.on(TOPIC, (data) => { heard.push(data) })

  bus.broadcast(TOPIC, 1)
  await settled()

  t.strictSame(heard, [])
})

await t.test('a handler that was ended hears nothing, and the others go on', async (t) => {
  const { bus } = record()
  const heard: string[] = []
  const end = bus.on(TOPIC, () => { heard.push('ended') })
  bus.on(TOPIC, () => { heard.push('goes on') })

  end()
  end()
  bus.deliver({ topic: TOPIC, data: 1 })
  await settled()

  t.strictSame(heard, ['goes on'])
})

await t.test('a handler that another one ends does not hear the message under way', async (t) => {
  const { bus } = record()
  const heard: string[] = []
  bus.on(TOPIC, () => { end() })
  const end = bus.on(TOPIC, () => { heard.push('ended') })

  bus.deliver({ topic: TOPIC, data: 1 })
  await settled()

  t.strictSame(heard, [])
})

await t.test('a handler that is there twice hears twice, and is ended once', async (t) => {
  const { bus } = record()
  const heard: unknown[] = []
  const handler = (data: unknown): void => { heard.push(data) }
  const end = bus.on(TOPIC, handler)
  bus.on(TOPIC, handler)

  bus.deliver({ topic: TOPIC, data: 'both' })
  await settled()
  end()
  bus.deliver({ topic: TOPIC, data: 'one' })
  await settled()

  t.strictSame(heard, ['both', 'both', 'one'])
})

await t.test('a handler that is added while a message is heard waits for the next one', async (t) => {
  const { bus } = record()
  const heard: string[] = []
  bus.on(TOPIC, () => { bus.on(TOPIC, () => { heard.push('late') }) })

  bus.deliver({ topic: TOPIC, data: 1 })
  await settled()

  t.strictSame(heard, [])
})

await t.test('a handler that throws keeps neither the channel nor the other handlers from anything', async (t) => {
  const { bus } = record()
  const heard: string[] = []
  const uncaught = nextUncaught(t)
  bus.on(TOPIC, () => { throw new Error('of the application') })
  bus.on(TOPIC, () => { heard.push('second') })

  t.doesNotThrow(() => { bus.deliver({ topic: TOPIC, data: 1 }) })

  t.match(await uncaught, { message: 'of the application' })
  await settled()
  t.strictSame(heard, ['second'])
})

/** The next error that nobody catches, in place of tap's own handling of it. */
async function nextUncaught (t: Test): Promise<unknown> {
  const own = process.rawListeners('uncaughtException') as Array<(error: Error) => void>
  const emitter = process as NodeJS.EventEmitter
  for (const listener of own) emitter.off('uncaughtException', listener)
  t.teardown(() => { for (const listener of own) emitter.on('uncaughtException', listener) })
  const [error] = await once(emitter, 'uncaughtException', { signal: AbortSignal.timeout(DEADLINE) })
  return error
}
