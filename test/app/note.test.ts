import t from 'tap'
import type { Test } from 'tap'
import type { FastifyInstance } from 'fastify'

import type { Broadcast } from '../../src/protocol/messages.ts'
import { Bus } from '../../src/worker/bus.ts'
import { buildApp, worker } from './build-app.ts'

interface Pair {
  readonly here: FastifyInstance
  readonly there: FastifyInstance
  /** Messages from both. */
  readonly sent: Broadcast[]
}

/** Two workers that receive each other's messages. */
function buildPair (t: Test): Pair {
  const sent: Broadcast[] = []
  const sendTo = (other: () => Bus) => (broadcast: Broadcast) => {
    sent.push(broadcast)
    other().deliver(broadcast)
  }
  const here: Bus = new Bus(sendTo(() => there))
  const there: Bus = new Bus(sendTo(() => here))
  return { here: buildApp(t, {}, here), there: buildApp(t, {}, there), sent }
}

async function putNote (app: FastifyInstance, payload: unknown) {
  return app.inject({ method: 'PUT', url: '/note', payload: payload as object })
}

async function getNote (app: FastifyInstance): Promise<unknown> {
  const response = await app.inject('/note')
  return response.json()
}

await t.test('GET /note is empty before a note is written', async (t) => {
  t.strictSame(await getNote(buildApp(t)), { note: '', ...worker })
})

await t.test('PUT /note answers with the note, and GET /note reads it', async (t) => {
  const app = buildApp(t)

  const response = await putNote(app, { note: 'buy "milk" – ü' })

  t.equal(response.statusCode, 200)
  t.strictSame(response.json(), { note: 'buy "milk" – ü', ...worker })
  t.strictSame(await getNote(app), { note: 'buy "milk" – ü', ...worker })
})

await t.test('a note written to one worker is read from the other, the last note wins, and no worker repeats it', async (t) => {
  const { here, there, sent } = buildPair(t)
  await Promise.all([here.ready(), there.ready()])

  await putNote(here, { note: 'from here' })
  t.match(await getNote(there), { note: 'from here' })
  await putNote(there, { note: 'from there' })

  t.match(await getNote(here), { note: 'from there' })
  t.match(await getNote(there), { note: 'from there' })
  t.strictSame(sent, [{ topic: 'note', data: 'from here' }, { topic: 'note', data: 'from there' }])
})

await t.test('a worker that starts after a note was written does not have it', async (t) => {
  const { here, there } = buildPair(t)
  await here.ready()

  await putNote(here, { note: 'too early' })
  await there.ready()

  t.match(await getNote(there), { note: '' })
})

await t.test('PUT /note accepts a note of the maximum length, of any characters', async (t) => {
  const { here, sent } = buildPair(t)
  const note = '\u0001'.repeat(1000)

  const response = await putNote(here, { note })

  t.equal(response.statusCode, 200)
  t.strictSame(sent, [{ topic: 'note', data: note }])
})

const WRONG: ReadonlyArray<readonly [payload: unknown, message: string]> = [
  [undefined, 'body must be object'],
  [{}, "body must have required property 'note'"],
  [{ text: 'no' }, "body must have required property 'note'"],
  [{ note: {} }, 'body/note must be string'],
  [{ note: ['a', 'b'] }, 'body/note must be string'],
  [{ note: 'x'.repeat(1001) }, 'body/note must NOT have more than 1000 characters']
]

for (const [payload, message] of WRONG) {
  await t.test(`PUT /note refuses and sends nothing: ${message} (${JSON.stringify(payload)?.slice(0, 20)})`, async (t) => {
    const { here, sent } = buildPair(t)

    const response = await putNote(here, payload)

    t.equal(response.statusCode, 400)
    t.strictSame(response.json(), { statusCode: 400, code: 'FST_ERR_VALIDATION', error: 'Bad Request', message })
    t.strictSame(sent, [])
    t.match(await getNote(here), { note: '' })
  })
}
