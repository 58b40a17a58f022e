import t from 'tap'
import type { Status } from '../../src/protocol/control-api.ts'
import { aStatus, aWorker, fakeService, json, type Answer } from './fake-service.ts'
import { recordOutput } from './recorded-output.ts'
import { run } from './run.ts'

/** Answers with one status after the other, then always with the last one. */
function answerInTurn (statuses: readonly Status[]): Answer {
  let turn = 0
  return (response) => { json(response, statuses[Math.min(turn++, statuses.length - 1)]) }
}

const withSlots = (wanted: number, ...slots: number[]): Status => aStatus({ wanted, workers: slots.map((slot) => aWorker({ slot })) })
const scaled: Answer = (response, body) => { json(response, body) }

await t.test('it waits until exactly that many workers are ready', async (t) => {
  const { socket, asked } = await fakeService(t, {
    'GET /status': answerInTurn([withSlots(2, 0, 1), withSlots(3, 0, 1), aStatus({ wanted: 3, workers: [0, 1, 2].map((slot) => aWorker({ slot, state: slot === 2 ? 'starting' : 'ready' })) }), withSlots(3, 0, 1, 2)]),
    'POST /scale': scaled
  })

  t.strictSame(await run(['scale', '3', '--socket', socket]), { code: 0, out: '2 → 3 workers\n3 workers are ready\n', err: '' })
  t.strictSame(asked, ['GET /status', 'POST /scale {"workers":3}', 'GET /status', 'GET /status', 'GET /status'])
})

await t.test('with fewer workers it waits until the others are no longer ready', async (t) => {
  const { socket, asked } = await fakeService(t, {
    'GET /status': answerInTurn([
      withSlots(2, 0, 1), withSlots(1, 0, 1), aStatus({ wanted: 1, workers: [aWorker({ slot: 1 })] }), aStatus({ wanted: 1, workers: [aWorker(), aWorker({ slot: 1, state: 'draining' })] })
    ]),
    'POST /scale': scaled
  })

  t.strictSame(await run(['scale', '1', '--socket', socket]), { code: 0, out: '2 → 1 workers\n1 worker is ready\n', err: '' })
  t.equal(asked.length, 5, 'slot 1 alone is not enough')
})

await t.test('--json prints only the answer, and a terminal shows the progress', async (t) => {
  const statuses = [withSlots(1, 0), withSlots(2, 0), withSlots(2, 0, 1)]
  const answers = (): Record<string, Answer> => ({ 'GET /status': answerInTurn(statuses), 'POST /scale': scaled })

  const machine = await run(['scale', '2', '--json', '--socket', (await fakeService(t, answers())).socket], recordOutput({ isTerminal: true }))
  t.strictSame(machine, { code: 0, out: '{"workers":2}\n', err: '' })
  const person = await run(['scale', '2', '--socket', (await fakeService(t, answers())).socket], recordOutput({ isTerminal: true }))
  t.match(person.out, '1 ready, 2 wanted\n')
  t.ok(person.out.endsWith('2 workers are ready\n'))
})

await t.test('it ends with code 1 when it is refused, when another request changes the number, and when it is not done in time', async (t) => {
  const refused = await fakeService(t, { 'POST /scale': (response) => { json(response, { statusCode: 409, error: 'Conflict', message: 'the service is stopping' }, 409) } })
  t.strictSame(await run(['scale', '3', '--socket', refused.socket]), { code: 1, out: '', err: 'baton: the service is stopping\n' })

  const other = await fakeService(t, { 'GET /status': answerInTurn([withSlots(2, 0, 1), withSlots(5, 0, 1)]), 'POST /scale': scaled })
  t.match(await run(['scale', '3', '--socket', other.socket]), { code: 1, err: 'baton: another request changed the number of workers to 5 meanwhile\n' })

  const never = await fakeService(t, { 'GET /status': answerInTurn([withSlots(3, 0, 1)]), 'POST /scale': scaled })
  t.match(await run(['scale', '3', '--timeout', '0.4', '--socket', never.socket]), {
    code: 1, err: 'baton: not done after 0.4 s; the service continues to start and stop workers\n'
  })
})
