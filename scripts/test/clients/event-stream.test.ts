import t from 'tap'

import { readEvents } from '../../src/clients/event-stream.ts'

const EVENT = 'data: {"count":1}\n\n'
const GOODBYE = 'event: goodbye\ndata: {"count":2}\n\n'

const STREAMS: ReadonlyArray<readonly [title: string, text: string, events: object]> = [
  ['nothing', '', { count: 0, last: '', isOver: false }],
  ['the delay of a next connection', 'retry: 1000\n\n', { count: 0, isOver: false }],
  ['an event', `retry: 1000\n\n${EVENT}`, { count: 1, last: '{"count":1}', isOver: false }],
  ['an event and a half', `${EVENT}data: {"cou`, { count: 1, last: '{"count":1}', isOver: false }],
  ['an event and a goodbye', `${EVENT}${GOODBYE}`, { count: 2, last: '{"count":2}', isOver: true }],
  ['something after the goodbye', `${EVENT}${GOODBYE}d`, { isOver: false }]
]

for (const [title, text, events] of STREAMS) {
  await t.test(`a stream of ${title} is read`, async (t) => {
    t.match(readEvents(text), events)
  })
}

for (const text of [`x${EVENT}`, 'data: \n\n', `${GOODBYE}${EVENT}`, `${EVENT}\n\n`]) {
  await t.test(`${JSON.stringify(text)} is wrong content`, async (t) => {
    t.throws(() => readEvents(text), { name: 'RequestFailure', reason: 'wrong content' })
  })
}
