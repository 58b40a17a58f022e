import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import t, { type Test } from 'tap'

import { eventStreams } from '../../src/clients/kinds/event-streams.ts'
import { expectContinue } from '../../src/clients/kinds/expect-continue.ts'
import { freshConnections } from '../../src/clients/kinds/fresh-connections.ts'
import { openedInAdvance } from '../../src/clients/kinds/opened-in-advance.ts'
import { pausedKeepAlive } from '../../src/clients/kinds/paused-keep-alive.ts'
import { pipelined } from '../../src/clients/kinds/pipelined.ts'
import { hintHonoured, hintIgnored, rawKeepAlivePaused } from '../../src/clients/kinds/raw-keep-alive.ts'
import { streams } from '../../src/clients/kinds/streams.ts'
import { uploads } from '../../src/clients/kinds/uploads.ts'
import { BATCH_SIZE, CLIENTS, type Client } from '../helpers/clients.ts'
import { recordKind } from '../helpers/record.ts'
import { startStandIn } from '../helpers/stand-in-server.ts'

await t.test('no kind reports a failure when the server is correct', async (t) => {
  await expectNoFailure(t, CLIENTS, 2)
})

await t.test('no kind reports a failure when answers close the connection', async (t) => {
  await Promise.all(CLIENTS.map(async (client) => {
    let answers = 0
    await expectNoFailure(t, [client], 1, (response) => {
      // The last of a batch, because an answer that closes earlier takes the others with it.
      if (++answers % BATCH_SIZE === 0) response.setHeader('connection', 'close')
    })
  }))
})

await t.test('a connection that is closed while it is idle is not a failure, and is replaced', async (t) => {
  const kinds: ReadonlyArray<Client['create']> = [pausedKeepAlive, rawKeepAlivePaused, hintIgnored, hintHonoured]
  const idlers = CLIENTS.filter(({ create }) => kinds.includes(create))
  const connections = await expectNoFailure(t, idlers, 2, (response, socket) => {
    response.once('finish', () => { socket.end() })
  })

  t.ok(connections.every((count) => count > BATCH_SIZE))
})

await t.test('a connection that is reset while it is idle is a failure', async (t) => {
  let socket: Socket | undefined
  const { target } = await startStandIn(t, {
    onAnswer: (_response, current) => { socket = current }
  })

  const record = await recordKind(rawKeepAlivePaused(1), target, {
    until: ({ answers, failures }) => {
      // After the client has the answer, because a reset that arrives with it looks like a FIN.
      if (answers.length === 2 && failures.length === 0) socket?.resetAndDestroy()
      return answers.length > BATCH_SIZE
    }
  })

  t.strictSame(record.reasons, ['ECONNRESET'])
})

await t.test('a socket opened in advance that is closed before its first request is a failure', async (t) => {
  const { target } = await startStandIn(t, { acceptThenClose: 2 })

  const record = await recordKind(openedInAdvance(1), target, {
    until: ({ answers, failures }) => failures.length > 0 && answers.length > 1
  })

  t.strictSame(record.reasons, ['closed before the first request'])
})

await t.test('each pipelined request after an answer that closes is a failure', async (t) => {
  const { target } = await startStandIn(t, {
    nth: 2, fault: (response, _socket, body) => { response.setHeader('connection', 'close').end(body) }
  })

  const record = await recordKind(pipelined(1), target, { until: ({ answers }) => answers.length > BATCH_SIZE })

  t.strictSame(record.reasons, ['closed by an earlier answer', 'closed by an earlier answer'])
})

await t.test('a wrong answer in the middle of a batch is one failure', async (t) => {
  const { target } = await startStandIn(t, {
    nth: 2, fault: (response, _socket, body) => { response.writeHead(503).end(body) }
  })

  const record = await recordKind(pipelined(1), target, { until: ({ answers }) => answers.length > BATCH_SIZE })

  t.strictSame(record.reasons, ['status 503'])
})

await t.test('one wrong byte of an upload or a stream is a failure', async (t) => {
  for (const kind of [uploads(1), expectContinue(1), streams(1)]) {
    const { target } = await startStandIn(t, {
      nth: 2,
      fault: (response, _socket, body) => {
        body.writeUInt8(body.readUInt8(7) ^ 1, 7)
        response.end(body)
      }
    })

    const record = await recordKind(kind, target, { until: ({ answers }) => answers.length > 1 })

    t.strictSame(record.reasons, ['wrong content'], kind.name)
  }
})

await t.test('a client that honours the hint leaves its connection before the hint runs out, a client that ignores it does not', async (t) => {
  // Pauses near the longest: 2.2 s or 1.6 s, with a hint of 2 s.
  for (const [kind, connections] of [[hintHonoured(1), 2], [hintIgnored(1), 1]] as const) {
    const standIn = await startStandIn(t, { keepAliveTimeout: 2000 })

    const record = await recordKind(kind, standIn.target, { random: () => 0.7, until: ({ answers }) => answers.length > 1 })

    t.strictSame(record.reasons, [], kind.name)
    t.equal(standIn.connections(), connections, kind.name)
  }
})

await t.test('a client leaves a stream after an event, and opens another connection for the next stream', async (t) => {
  const { target, connections } = await startStandIn(t, { streamsEvents: true })

  const record = await recordKind(eventStreams(1), target, { until: ({ answers }) => answers.length > 1 })

  t.strictSame(record.reasons, [])
  t.equal(connections(), 2)
  t.ok(record.answers.every(({ startedAt, endedAt }) => endedAt - startedAt >= 200))
})

await t.test('a stream of events that ends without a goodbye is a failure', async (t) => {
  const { target } = await startStandIn(t, {
    nth: 1, fault: (response, _socket, body) => { response.end(body.subarray(0, body.indexOf('event:'))) }
  })

  const record = await recordKind(eventStreams(1), target, { until: ({ answers }) => answers.length > 0 })

  t.strictSame(record.reasons, ['wrong content'])
})

await t.test('an upload that gets an answer instead of 100 Continue is a failure', async (t) => {
  const { target } = await startStandIn(t, { forgetsContinue: 2 })

  const record = await recordKind(expectContinue(1), target, { until: ({ answers }) => answers.length > 1 })

  t.strictSame(record.reasons, ['an answer without 100 Continue'])
})

await t.test('the raw kinds report the worker of an answer, and when its connection was opened', async (t) => {
  const { target } = await startStandIn(t)

  const { sightings } = await recordKind(freshConnections(1), target, { until: ({ answers }) => answers.length > 1 })

  t.match(sightings, [
    { worker: { generation: 1, slot: 0, pid: process.pid }, openedAt: Number, seenAt: Number },
    { worker: { generation: 1 } }
  ])
  t.ok(sightings.every(({ openedAt = Infinity, seenAt }) => openedAt <= seenAt))
})

/** @returns how many connections each of the clients used */
async function expectNoFailure (
  t: Test, clients: readonly Client[], count: number, onAnswer?: (response: ServerResponse, socket: Socket) => void
): Promise<number[]> {
  return await Promise.all(clients.map(async ({ create, random = () => 0 }) => {
    const kind = create(count)
    const { target, connections } = await startStandIn(t, onAnswer === undefined ? {} : { onAnswer })

    const record = await recordKind(kind, target, { random, until: ({ answers }) => answers.length > BATCH_SIZE + 1 })

    t.strictSame(record.reasons, [], kind.name)
    t.ok(record.answers.length > BATCH_SIZE + 1, `${kind.name}: it got its answers`)
    return connections()
  }))
}
