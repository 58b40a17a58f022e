import { inspect } from 'node:util'
import t from 'tap'
import { REQUEST_BOUNDS } from '../../src/protocol/measurements.ts'
import { unwrap, wrap, type ToPrimary, type ToWorker } from '../../src/protocol/messages.ts'

const LOAD = { eventLoopDelay: 0.5, eventLoopUtilization: 0.25, heapUsed: 1, rss: 2, connections: 3, requests: 4, served: 5 }

const MEASUREMENTS = { bounds: REQUEST_BOUNDS, requests: [], inFlight: 1, connections: 2, shed: 3, closedAtDeadline: 4, node: [] }

const MESSAGES: ReadonlyArray<ToPrimary | ToWorker> = [
  { type: 'ready', protocol: 1 },
  { type: 'failed', error: { message: 'no', code: 'E', stack: 'at' } },
  { type: 'failed', error: { message: '' } },
  { type: 'relieve' },
  { type: 'draining', progress: { requests: 1, connections: 2 } },
  { type: 'heartbeat', load: LOAD },
  { type: 'measure' },
  { type: 'measurements', measurements: MEASUREMENTS },
  { type: 'ping' },
  { type: 'pong' },
  { type: 'broadcast', broadcast: { topic: '', data: null } },
  { type: 'broadcast', broadcast: { topic: 'note', data: { baton: [1, 'two'] } } },
  { type: 'drain', limits: { timeout: 80_000 } },
  { type: 'drain', limits: { timeout: 8_000, idleTimeout: 1000 } },
  { type: 'pool', pool: { isStopping: true, isCrashLooping: false } },
  { type: 'reopen-log' },
  { type: 'channel-open' },
  { type: 'tls', tls: { cert: 'PEM', key: 'PEM', minVersion: 'TLSv1.2' } }
]

for (const message of MESSAGES) {
  await t.test(`a message comes out of the channel as it went in: ${JSON.stringify(message)}`, async (t) => {
    t.strictSame(throughChannel(message), message)
  })
}

const OF_OTHER_RELEASES: readonly object[] = [
  { type: 'ready', protocol: 2 },
  { type: 'ready', protocol: 0.5, features: ['http3'], load: null },
  { type: 'relieve', reason: 'tired' },
  { type: 'heartbeat', load: { ...LOAD, handles: 6 } },
  { type: 'drain', limits: { timeout: 1, isPolite: true } }
]

for (const message of OF_OTHER_RELEASES) {
  await t.test(`a message of another release is understood, whatever else it says: ${JSON.stringify(message)}`, async (t) => {
    t.strictSame(throughChannel(message), message)
  })
}

for (const measurements of [undefined, [], ...Object.keys(MEASUREMENTS).map((field) => ({ ...MEASUREMENTS, [field]: 'no' }))]) {
  await t.test(`measurements that cannot be used are an answer without any: ${JSON.stringify(measurements)}`, async (t) => {
    t.strictSame(throughChannel({ type: 'measurements', measurements }), { type: 'measurements', measurements: undefined })
  })
}

const MALFORMED: readonly unknown[] = [
  { type: 'reload' }, { type: '' }, { type: 1 }, { type: null }, { type: ['ping'] },
  { type: 'toString' }, { type: 'constructor' }, { type: '__proto__' },
  { type: 'ready' }, { type: 'ready', protocol: '1' }, { type: 'ready', protocol: null },
  { type: 'failed' }, { type: 'failed', error: 'no' }, { type: 'failed', error: {} }, { type: 'failed', error: { message: 1 } },
  { type: 'failed', error: { message: 'no', code: 1 } }, { type: 'failed', error: { message: 'no', stack: [] } },
  { type: 'draining' }, { type: 'draining', progress: { requests: 1 } }, { type: 'draining', progress: { requests: 1, connections: '2' } },
  { type: 'heartbeat' }, { type: 'heartbeat', load: null }, { type: 'heartbeat', load: 1 }, { type: 'heartbeat', load: [] },
  ...Object.keys(LOAD).map((field) => ({ type: 'heartbeat', load: { ...LOAD, [field]: null } })),
  { type: 'broadcast' }, { type: 'broadcast', topic: 'note' }, { type: 'broadcast', broadcast: { data: 1 } }, { type: 'broadcast', broadcast: { topic: 1 } },
  { type: 'drain' }, { type: 'drain', limits: {} }, { type: 'drain', limits: { timeout: null } }, { type: 'drain', limits: { timeout: 1, idleTimeout: '1' } },
  { type: 'pool' }, { type: 'pool', pool: { isStopping: true } }, { type: 'pool', pool: { isStopping: 0, isCrashLooping: false } },
  { type: 'tls' }, { type: 'tls', tls: { cert: 'PEM', minVersion: 'TLSv1.2' } }, { type: 'tls', tls: { cert: 'PEM', key: 1, minVersion: 'TLSv1.2' } }
]

for (const message of MALFORMED) {
  await t.test(`a message whose shape is wrong is none of ours: ${JSON.stringify(message)}`, async (t) => {
    t.equal(throughChannel(message), undefined)
  })
}

const FOREIGN: readonly unknown[] = [
  'ready', '', 'baton', 0, 1, true, false, null, undefined, [], ['baton'], {},
  { type: 'ready' }, { cmd: 'NODE_CLUSTER', act: 'online' }, { type: 'process:msg', data: {} },
  { baton: null }, { baton: undefined }, { baton: 'ready' }, { baton: 1 }, { baton: true }, { baton: [] }, { baton: {} },
  { baton: ['type'] }, { baton: { kind: 'ready' } }, Object.assign(() => {}, { baton: { type: 'ping' } })
]

for (const message of FOREIGN) {
  await t.test(`a message of an application is none of ours: ${inspect(message)}`, async (t) => {
    t.equal(unwrap(message), undefined)
  })
}

function throughChannel (message: unknown): unknown {
  return unwrap(JSON.parse(JSON.stringify(wrap(message as ToPrimary))))
}
