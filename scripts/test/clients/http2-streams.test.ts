import { constants } from 'node:http2'

import t from 'tap'

import { speaksHttp2 } from '../../src/clients/http2/http2-probe.ts'
import { http2Streams } from '../../src/clients/kinds/http2-streams.ts'
import { CLIENTS } from '../helpers/clients.ts'
import { startSecureStandIn, type Http2Fault } from '../helpers/http2-server.ts'
import { recordKind } from '../helpers/record.ts'
import { startStandIn } from '../helpers/stand-in-server.ts'

const DEADLINE = 30_000
/** Requests that are in progress at once. */
const STREAMS = 3

const FAULTS: ReadonlyArray<readonly [title: string, fault: Http2Fault, reason: RegExp, timeout?: number]> = [
  ['resets the stream', (response) => { response.stream.close(constants.NGHTTP2_INTERNAL_ERROR) }, /^stream reset by code 2$/],
  ['cancels the stream', (response) => { response.stream.close(constants.NGHTTP2_CANCEL) }, /^closed without an answer$/],
  ['cuts the answer', (response, body) => {
    response.write(body.subarray(0, -1), () => { response.stream.close(constants.NGHTTP2_CANCEL) })
  }, /^cut answer$/],
  ['answers 503', (response, body) => { response.writeHead(503).end(body) }, /^status 503$/],
  ['answers with a byte too few', (response, body) => { response.end(body.subarray(1)) }, /^wrong content$/],
  ['answers with a byte too many', (response, body) => { response.end(`${body.toString('latin1')}x`) }, /^wrong content$/],
  ['never answers', () => {}, /^timeout$/, 2000]
]

for (const [title, fault, reason, timeout = DEADLINE] of FAULTS) {
  await t.test(`HTTP/2 streams report exactly one failure of a server that once ${title}`, async (t) => {
    // The first request of a turn is a GET, the last is the upload.
    for (const nth of [STREAMS + 1, STREAMS + 3]) {
      const { target } = await startSecureStandIn(t, { fault, nth })

      const record = await recordKind(http2Streams(1), target, { timeout, until: ({ answers }) => answers.length >= 4 * STREAMS })

      t.equal(record.reasons.length, 1)
      t.match(record.reasons[0], reason)
      t.match(record.failures[0]?.failure.connection, { openedAt: Number, localPort: Number })
      t.strictSame(record.refusals, [])
    }
  })
}

await t.test('each request in progress fails when the connection is cut', async (t) => {
  let sessions = 0
  const { target } = await startSecureStandIn(t, {
    nth: STREAMS,
    fault: (response) => { if (sessions === 1) response.stream.session?.destroy() },
    onSession: () => { sessions++ }
  })

  const record = await recordKind(http2Streams(1), target, { until: ({ answers }) => answers.length > 2 * STREAMS })

  t.ok(record.failures.length >= 1 && record.failures.length <= STREAMS)
  t.equal(sessions, 2)
})

await t.test('after a GOAWAY requests in progress are answered, and the next requests open a connection', async (t) => {
  const { target, sessions } = await startSecureStandIn(t, {
    nth: 1,
    fault: (response, body) => {
      response.stream.session?.close()
      setTimeout(() => { response.end(body) }, 100)
    }
  })

  const record = await recordKind(http2Streams(1), target, { until: ({ answers }) => answers.length > 2 * STREAMS })

  t.strictSame(record.reasons, [])
  t.equal(sessions(), 2)
})

await t.test('a stream that the server refuses is neither a success nor a failure', async (t) => {
  const { target } = await startSecureStandIn(t, {
    nth: 2, fault: (response) => { response.stream.close(constants.NGHTTP2_REFUSED_STREAM) }
  })

  const record = await recordKind(http2Streams(1), target, { until: ({ answers }) => answers.length > 2 * STREAMS })

  t.strictSame(record.reasons, [])
  t.equal(record.refusals.length, 1)
})

await t.test('a stream above the last one that a GOAWAY names is neither a success nor a failure', async (t) => {
  const { target, sessions } = await startSecureStandIn(t, {
    nth: 2,
    fault: (response) => { response.stream.session?.goaway(constants.NGHTTP2_NO_ERROR, 1) }
  })

  const record = await recordKind(http2Streams(1), target, { until: ({ answers }) => answers.length > 2 * STREAMS })

  t.strictSame(record.reasons, [])
  t.equal(record.refusals.length, 2, 'the second and the third')
  t.equal(sessions(), 2)
})

await t.test('every kind speaks TLS', async (t) => {
  await Promise.all(CLIENTS.map(async ({ create, random = () => 0 }) => {
    const { target } = await startSecureStandIn(t)

    const record = await recordKind(create(1), target, { random, until: ({ answers }) => answers.length > 1 })

    t.strictSame(record.reasons, [], create.name)
    t.ok(record.answers.length > 1, create.name)
  }))
})

await t.test('a target is asked whether it speaks HTTP/2', async (t) => {
  const secure = await startSecureStandIn(t)
  const plain = await startStandIn(t)

  t.equal(await speaksHttp2(secure.target, DEADLINE), true)
  t.equal(await speaksHttp2(plain.target, DEADLINE), false)
  t.equal(await speaksHttp2({ ...plain.target, isSecure: true }, DEADLINE), false)
})
