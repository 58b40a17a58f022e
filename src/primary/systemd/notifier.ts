import type { Logger } from '../../log/logger.ts'
import type { EventName } from '../events.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import type { SystemdEnvironment } from './environment.ts'
import { append, type Notification } from './notification.ts'
import { makesProgress } from './progress.ts'
import { statusLine } from './status-line.ts'
import { SystemdNotify } from './systemd-notify.ts'

/** Milliseconds by which a stop may take longer because systemd is told of it. */
const LAST_WORDS = 1_000

/** What tells systemd how the service is. */
export interface Notifier {
  /** Resolves when it has been told everything, within a second. */
  readonly flush: () => Promise<void>
}

/** Sends notifications; a parameter for tests. */
export type Messenger = Pick<SystemdNotify, 'send' | 'flush'>

/** What the notifier needs to know of the world. */
export interface NotifierClock {
  /** Monotonic milliseconds, those of the supervisor. */
  readonly now: () => number
  /** Microseconds of CLOCK_MONOTONIC. */
  readonly microseconds: () => bigint
  /** Repeats something without keeping the process alive. */
  readonly every: (interval: number, fire: () => void) => void
}

/* c8 ignore start -- tests have a clock of their own, and those on real processes see no fraction of it */
const CLOCK: NotifierClock = {
  now: () => performance.now(),
  microseconds: () => process.hrtime.bigint() / 1000n,
  every: (interval, fire) => { setInterval(fire, interval).unref() }
}
/* c8 ignore stop */

/**
 * Tells systemd what becomes of the service, if it wants to hear: READY once it serves, RELOADING and READY
 * around a rollout, STOPPING, a STATUS whenever that changes, and WATCHDOG while the pool makes progress.
 */
export function notifySystemd (
  supervisor: Supervisor, { notifyEnvironment, watchdogTimeout }: SystemdEnvironment, log: Logger,
  messenger?: Messenger, clock = CLOCK
): Notifier {
  if (notifyEnvironment === undefined) return { flush: async () => {} }
  const systemd = messenger ?? new SystemdNotify(notifyEnvironment, log)
  let status = ''

  const tell = (news: readonly Notification[]): void => {
    const line = statusLine(supervisor)
    for (const each of line === status ? news : append(news, { STATUS: line })) systemd.send(each)
    status = line
  }
  const reloading = (): Notification => ({ RELOADING: 1, MONOTONIC_USEC: String(clock.microseconds()) })
  /** A newer reload may be under way by now, or a stop. */
  const settled = (): Notification[] => supervisor.state === 'running' ? [{ READY: 1 }] : []
  const newsOf: { readonly [Name in EventName]?: () => Notification[] } = {
    'reload:started': () => [reloading()],
    'reload:completed': settled,
    'reload:failed': settled,
    // With Type=notify-reload systemd has asked for a reload, and waits for both whatever comes of it.
    'reload:refused': () => [reloading(), ...settled()]
  }
  let events: EventName[] = []

  supervisor.once('serving', () => { tell([{ READY: 1 }]) })
  supervisor.once('stopping', () => { tell([{ STOPPING: 1 }]) })
  supervisor.events.on('entry', ({ event }) => {
    events.push(event)
    if (events.length > 1) return
    // It is written in the middle of what it tells of, and others follow: how things are is seen when that is over.
    queueMicrotask(() => {
      const news = events.flatMap((name) => newsOf[name]?.() ?? [])
      events = []
      tell(news.reduce<readonly Notification[]>(append, []))
    })
  })
  if (watchdogTimeout !== undefined) watch(supervisor, watchdogTimeout, clock, () => { systemd.send({ WATCHDOG: 1 }) })
  tell([])
  return { flush: async () => { await systemd.flush(LAST_WORDS) } }
}

/** Twice as often as has to be, as sd_watchdog_enabled(3) recommends. */
function watch (supervisor: Supervisor, timeout: number, clock: NotifierClock, ping: () => void): void {
  let servedAt = clock.now()
  clock.every(timeout / 2, () => {
    const now = clock.now()
    const { state, workers, generation: { config: { giveUp } } } = supervisor
    if (workers.some((worker) => worker.state === 'ready')) servedAt = now
    if (makesProgress({ state, workers, servedAt, giveUp }, now)) ping()
  })
}
