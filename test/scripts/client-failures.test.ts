import t from 'tap'

import { pipelined } from '../../scripts/load/kinds/pipelined.ts'
import { BATCH, CLIENTS } from './helpers/clients.ts'
import { recordKind } from './helpers/record.ts'
import { startStandIn, type Fault } from './helpers/stand-in-server.ts'

interface Misbehaviour {
  readonly title: string
  readonly fault: Fault
  /** What the raw clients say, and what undici says. */
  readonly reasons: { readonly raw: string, readonly undici: string, readonly pipelined?: readonly string[] }
  readonly bytes: (bytes: number) => boolean
  readonly timeout?: number
}

const isNone = (bytes: number) => bytes === 0
const isSome = (bytes: number) => bytes > 0

const MISBEHAVIOURS: readonly Misbehaviour[] = [
  {
    title: 'resets the connection instead of an answer',
    fault: (_response, socket) => { socket.resetAndDestroy() },
    // In a batch it may come together with the earlier answers, and Node shows it as a FIN then.
    reasons: { raw: 'ECONNRESET', undici: 'ECONNRESET', pipelined: ['closed without an answer', 'ECONNRESET'] },
    bytes: isNone
  },
  {
    title: 'closes the connection instead of an answer',
    fault: (_response, socket) => { socket.destroy() },
    reasons: { raw: 'closed without an answer', undici: 'UND_ERR_SOCKET other side closed' },
    bytes: isNone
  },
  {
    title: 'cuts an answer of known length',
    fault: (response, socket, body) => {
      response.writeHead(200, { 'content-length': body.length })
      response.write(body.subarray(0, -1), () => { socket.destroy() })
    },
    reasons: { raw: 'cut answer', undici: 'UND_ERR_SOCKET other side closed' },
    bytes: isSome
  },
  {
    title: 'cuts a chunked answer that closes, between two chunks',
    fault: (response, socket, body) => {
      response.writeHead(200, { connection: 'close' })
      response.write(body, () => { socket.destroy() })
    },
    reasons: { raw: 'cut answer', undici: 'HTTPParserError Response does not match the HTTP/1.1 protocol (Invalid EOF state)' },
    bytes: isSome
  },
  {
    title: 'answers 503',
    fault: (response, _socket, body) => { response.writeHead(503).end(body) },
    reasons: { raw: 'status 503', undici: 'status 503' },
    bytes: isSome
  },
  {
    title: 'answers with a byte too few',
    fault: (response, _socket, body) => { response.end(body.subarray(1)) },
    reasons: { raw: 'wrong content', undici: 'wrong content' },
    bytes: isSome
  },
  {
    title: 'answers with a byte too many',
    fault: (response, _socket, body) => { response.end(`${body.toString('latin1')}x`) },
    reasons: { raw: 'wrong content', undici: 'wrong content' },
    bytes: isSome
  },
  {
    title: 'never finishes its answer',
    fault: (response, _socket, body) => { response.write(body) },
    reasons: { raw: 'timeout', undici: 'timeout' },
    bytes: isSome,
    timeout: 1000
  },
  {
    title: 'never answers',
    fault: () => {},
    reasons: { raw: 'timeout', undici: 'timeout' },
    bytes: isNone,
    timeout: 1000
  }
]

t.jobs = MISBEHAVIOURS.length

await Promise.all(MISBEHAVIOURS.map(async ({ title, fault, reasons, bytes, timeout = 10_000 }) => {
  await t.test(`each kind reports exactly one failure of a server that once ${title}`, async (t) => {
    await Promise.all(CLIENTS.map(async ({ create, isUndici }) => {
      const kind = create(1)
      // The last of a batch: a connection that ends earlier takes the others with it.
      const { target } = await startStandIn(t, { fault, nth: BATCH })

      const record = await recordKind(kind, target, {
        timeout, until: ({ answers, failures }) => failures.length > 0 && answers.length > BATCH
      })

      const { raw, undici, pipelined: piped = [raw] } = reasons
      const allowed = isUndici ? [undici] : create === pipelined ? piped : [raw]
      t.equal(record.reasons.length, 1, `${kind.name}: one failure`)
      t.ok(allowed.includes(String(record.reasons[0])), `${kind.name}: the reason, ${record.reasons[0]}`)
      t.ok(record.failures.every(({ failure }) => bytes(failure.bytes)), `${kind.name}: the bytes`)
      t.ok(record.answers.length > BATCH, `${kind.name}: it goes on afterwards`)
    }))
  })
}))
