import t from 'tap'
import { append, type Notification } from '../../../src/primary/systemd/notification.ts'

const READY = { READY: 1 } as const
const RELOADING = { RELOADING: 1, MONOTONIC_USEC: '5' } as const
const STOPPING = { STOPPING: 1 } as const

for (const { title, given, is } of [
  { title: 'the first notification is queued alone', given: [READY], is: [READY] },
  { title: 'of two status lines the last one counts', given: [{ STATUS: 'a' }, { STATUS: 'b' }], is: [{ STATUS: 'b' }] },
  { title: 'a status line is merged with a change of state', given: [READY, { STATUS: 'a' }], is: [{ ...READY, STATUS: 'a' }] },
  { title: 'a change of state is merged with a waiting status line', given: [{ STATUS: 'a' }, READY], is: [{ ...READY, STATUS: 'a' }] },
  { title: 'the status line of the newer notification wins', given: [{ STATUS: 'a' }, { ...READY, STATUS: 'b' }], is: [{ ...READY, STATUS: 'b' }] },
  { title: 'a watchdog ping is merged with a change of state', given: [READY, { WATCHDOG: 1 } as const], is: [{ ...READY, WATCHDOG: 1 }] },
  { title: 'changes of state stay separate and in order', given: [RELOADING, READY], is: [RELOADING, READY] },
  { title: 'the same state twice is sent once, with the later time', given: [RELOADING, { ...RELOADING, MONOTONIC_USEC: '6' }], is: [{ ...RELOADING, MONOTONIC_USEC: '6' }] },
  { title: 'of many changes of state the last two are sent', given: [READY, RELOADING, READY, RELOADING, READY], is: [RELOADING, READY] },
  { title: 'a stop is sent last', given: [READY, RELOADING, STOPPING], is: [RELOADING, STOPPING] }
] satisfies Array<{ title: string, given: Notification[], is: Notification[] }>) {
  await t.test(title, async (t) => {
    t.strictSame(given.reduce<readonly Notification[]>(append, []), is)
  })
}
