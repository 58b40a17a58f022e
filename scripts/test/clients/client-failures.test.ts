import t from 'tap'

import { BATCH_SIZE, CLIENTS, type Wording } from '../helpers/clients.ts'
import { recordKind } from '../helpers/record.ts'
import { startStandIn, type Fault } from '../helpers/stand-in-server.ts'

interface Misbehaviour {
  readonly title: string
  readonly fault: Fault
  /** The reason that every kind gives, except those with a wording of their own. */
  readonly reason: RegExp
  readonly wordings?: Partial<Record<Wording, RegExp>>
  readonly bytes: (bytes: number) => boolean
  readonly timeout?: number
}

const isNone = (bytes: number) => bytes === 0
const isSome = (bytes: number) => bytes > 0

const OTHER_SIDE_CLOSED = /^UND_ERR_SOCKET other side closed$/
const INVALID_EOF = /Invalid EOF state/
/** A server that closes with the rest of an upload unread resets the connection. */
const DURING_UPLOAD = /^(?:ECONNRESET|EPIPE|closed without an answer|cut answer)$/

const MISBEHAVIOURS: readonly Misbehaviour[] = [
  {
    title: 'resets the connection instead of an answer',
    fault: (_response, socket) => { socket.resetAndDestroy() },
    // In a batch it may arrive together with the earlier answers, and then Node shows it as a FIN.
    reason: /^ECONNRESET$/,
    wordings: { batch: /^(?:closed without an answer|ECONNRESET)$/, early: DURING_UPLOAD },
    bytes: isNone
  },
  {
    title: 'closes the connection instead of an answer',
    fault: (_response, socket) => { socket.destroy() },
    reason: /^closed without an answer$/,
    wordings: { undici: OTHER_SIDE_CLOSED, fetch: OTHER_SIDE_CLOSED, node: /^ECONNRESET$/, early: DURING_UPLOAD },
    bytes: isNone
  },
  {
    title: 'cuts an answer of known length',
    fault: (response, socket, body) => {
      response.writeHead(200, { 'content-length': body.length })
      response.write(body.subarray(0, -1), () => { socket.destroy() })
    },
    reason: /^cut answer$/,
    wordings: { undici: OTHER_SIDE_CLOSED, fetch: OTHER_SIDE_CLOSED, early: DURING_UPLOAD },
    bytes: isSome
  },
  {
    title: 'cuts a chunked answer that closes, between two chunks',
    fault: (response, socket, body) => {
      response.writeHead(200, { connection: 'close' })
      response.write(body, () => { socket.destroy() })
    },
    reason: /^cut answer$/,
    wordings: { undici: INVALID_EOF, fetch: INVALID_EOF, early: DURING_UPLOAD },
    bytes: isSome
  },
  {
    title: 'answers 503',
    fault: (response, _socket, body) => { response.writeHead(503).end(body) },
    reason: /^status 503$/,
    bytes: isSome
  },
  {
    title: 'answers with a byte too few',
    fault: (response, _socket, body) => { response.end(body.subarray(1)) },
    reason: /^wrong content$/,
    bytes: isSome
  },
  {
    title: 'answers with a byte too many',
    fault: (response, _socket, body) => { response.end(`${body.toString('latin1')}x`) },
    reason: /^wrong content$/,
    bytes: isSome
  },
  {
    title: 'never finishes its answer',
    fault: (response, _socket, body) => { response.write(body) },
    reason: /^timeout$/,
    bytes: isSome,
    timeout: 8000
  },
  {
    title: 'never answers',
    fault: () => {},
    reason: /^timeout$/,
    bytes: isNone,
    timeout: 8000
  }
]

t.jobs = 3

await Promise.all(MISBEHAVIOURS.map(async ({ title, fault, reason, wordings, bytes, timeout = 30_000 }) => {
  await t.test(`each kind reports exactly one failure of a server that once ${title}`, async (t) => {
    await Promise.all(CLIENTS.map(async ({ create, wording, random = () => 0 }) => {
      const kind = create(1)
      // The last of a batch, because a connection that ends earlier takes the others with it. Idle connections must
      // outlive the timeout of a request.
      const { target } = await startStandIn(t, { fault, nth: BATCH_SIZE, keepAliveTimeout: 2 * timeout })

      const record = await recordKind(kind, target, {
        timeout, random, until: ({ answers, failures }) => failures.length > 0 && answers.length > BATCH_SIZE
      })

      t.equal(record.reasons.length, 1, `${kind.name}: one failure`)
      t.match(record.reasons[0], wordings?.[wording] ?? reason, `${kind.name}: the reason`)
      // A reset discards what had arrived.
      t.ok(wording === 'early' || record.failures.every(({ failure }) => bytes(failure.bytes)), `${kind.name}: the bytes`)
      t.ok(record.answers.length > BATCH_SIZE, `${kind.name}: it continues afterwards`)
    }))
  })
}))
