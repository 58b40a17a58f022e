import { inspect } from 'node:util'
import t from 'tap'
import { unwrap, wrap, type ToPrimary, type ToWorker } from '../src/messages.ts'

const MESSAGES: ReadonlyArray<ToPrimary | ToWorker> = [
  { type: 'ready', protocol: 1 },
  { type: 'failed', error: { message: 'no', code: 'E', stack: 'at' } },
  { type: 'relieve' },
  { type: 'draining', progress: { requests: 1, connections: 2 } },
  { type: 'drain', limits: { timeout: 80_000 } },
  { type: 'drain', limits: { timeout: 8_000, idleTimeout: 1000 } },
  { type: 'pool', pool: { isStopping: true, isCrashLooping: false } }
]

for (const message of MESSAGES) {
  await t.test(`a message comes out of the channel as it went in: ${JSON.stringify(message)}`, async (t) => {
    t.strictSame(unwrap(JSON.parse(JSON.stringify(wrap(message)))), message)
  })
}

const FOREIGN: readonly unknown[] = [
  'ready', '', 'baton', 0, 1, true, false, null, undefined, [], ['baton'], {},
  { type: 'ready' }, { cmd: 'NODE_CLUSTER', act: 'online' }, { type: 'process:msg', data: {} },
  { baton: null }, { baton: undefined }, { baton: 'ready' }, { baton: 1 }, { baton: true }, { baton: [] }, { baton: {} },
  { baton: ['type'] }, { baton: { kind: 'ready' } }
]

for (const message of FOREIGN) {
  await t.test(`a message of an application is none of ours: ${inspect(message)}`, async (t) => {
    t.equal(unwrap(message), undefined)
  })
}
