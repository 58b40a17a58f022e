import t from 'tap'
import { append, type Notification } from '../../../src/primary/systemd/notification.ts'

const READY = { READY: 1 } as const
const RELOADING = { RELOADING: 1, MONOTONIC_USEC: '5' } as const
const STOPPING = { STOPPING: 1 } as const

for (const { title, given, is } of [
  { title: 'the first waits by itself', given: [READY], is: [READY] },
  { title: 'of two lines the last one counts', given: [{ STATUS: 'a' }, { STATUS: 'b' }], is: [{ STATUS: 'b' }] },
  { title: 'a line goes with a change of state', given: [READY, { STATUS: 'a' }], is: [{ ...READY, STATUS: 'a' }] },
  { title: 'a change of state takes a waiting line along', given: [{ STATUS: 'a' }, READY], is: [{ ...READY, STATUS: 'a' }] },
  { title: 'its own line wins', given: [{ STATUS: 'a' }, { ...READY, STATUS: 'b' }], is: [{ ...READY, STATUS: 'b' }] },
  { title: 'so does a sign of life', given: [READY, { WATCHDOG: 1 } as const], is: [{ ...READY, WATCHDOG: 1 }] },
  { title: 'changes of state stay apart and in order', given: [RELOADING, READY], is: [RELOADING, READY] },
  { title: 'the same state twice is one, with the later time', given: [RELOADING, { ...RELOADING, MONOTONIC_USEC: '6' }], is: [{ ...RELOADING, MONOTONIC_USEC: '6' }] },
  { title: 'of many changes the last two are sent', given: [READY, RELOADING, READY, RELOADING, READY], is: [RELOADING, READY] },
  { title: 'a stop comes last', given: [READY, RELOADING, STOPPING], is: [RELOADING, STOPPING] }
] satisfies Array<{ title: string, given: Notification[], is: Notification[] }>) {
  await t.test(title, async (t) => {
    t.strictSame(given.reduce<readonly Notification[]>(append, []), is)
  })
}
