import type { Logger } from '../../log/logger.ts'
import type { EventName } from '../events.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import type { SystemdEnvironment } from './environment.ts'
import { append, type Notification } from './notification.ts'
import { makesProgress } from './progress.ts'
import { statusLine } from './status-line.ts'
import { SystemdNotify } from './systemd-notify.ts'

/** Milliseconds by which the last notifications may delay the exit. */
const FLUSH_TIMEOUT = 1_000

/** Keeps systemd informed of the state of the service. */
export interface Notifier {
  /** Resolves when everything has been sent, or after a second. */
  readonly flush: () => Promise<void>
}

/** Sends notifications; a parameter for tests. */
export type NotificationSender = Pick<SystemdNotify, 'send' | 'flush'>

/** The time, as the notifier needs it; a parameter for tests. */
export interface NotifierClock {
  /** Monotonic milliseconds, on the same clock as the supervisor's. */
  readonly now: () => number
  /** Microseconds of CLOCK_MONOTONIC. */
  readonly microseconds: () => bigint
  /** Calls `fire` repeatedly, without keeping the process alive. */
  readonly every: (interval: number, fire: () => void) => void
}

/* c8 ignore start -- unit tests have a clock of their own, and integration tests do not run all of this */
const CLOCK: NotifierClock = {
  now: () => performance.now(),
  microseconds: () => process.hrtime.bigint() / 1000n,
  every: (interval, fire) => { setInterval(fire, interval).unref() }
}
/* c8 ignore stop */

/**
 * Notifies systemd of the state of the service, if it was started with a notification socket: READY once it serves,
 * RELOADING and READY around a rollout, STOPPING, STATUS on every change, and WATCHDOG while the pool makes progress.
 */
export function notifySystemd (
  supervisor: Supervisor, { notifyEnvironment, watchdogTimeout }: SystemdEnvironment, log: Logger,
  sender?: NotificationSender, clock = CLOCK
): Notifier {
  if (notifyEnvironment === undefined) return { flush: async () => {} }
  const systemd = sender ?? new SystemdNotify(notifyEnvironment, log)
  let status = ''

  const notify = (notifications: readonly Notification[]): void => {
    const line = statusLine(supervisor)
    const all = line === status ? notifications : append(notifications, { STATUS: line })
    for (const notification of all) systemd.send(notification)
    status = line
  }
  const reloading = (): Notification => ({ RELOADING: 1, MONOTONIC_USEC: String(clock.microseconds()) })
  /** READY, unless a newer reload or a stop has begun since. */
  const settled = (): Notification[] => supervisor.state === 'running' ? [{ READY: 1 }] : []
  const notificationsOf: { readonly [Name in EventName]?: () => Notification[] } = {
    'reload:started': () => [reloading()],
    'reload:completed': settled,
    'reload:failed': settled,
    // With Type=notify-reload systemd requested the reload, and waits for both even if nothing is reloaded.
    'reload:refused': () => [reloading(), ...settled()]
  }
  let events: EventName[] = []

  supervisor.once('serving', () => { notify([{ READY: 1 }]) })
  supervisor.once('stopping', () => { notify([{ STOPPING: 1 }]) })
  supervisor.events.on('entry', ({ event }) => {
    events.push(event)
    if (events.length > 1) return
    // An entry is written in the middle of a change, and others may follow: read the state once the change is complete.
    queueMicrotask(() => {
      const notifications = events.flatMap((name) => notificationsOf[name]?.() ?? [])
      events = []
      notify(notifications.reduce<readonly Notification[]>(append, []))
    })
  })
  if (watchdogTimeout !== undefined) watch(supervisor, watchdogTimeout, clock, () => { systemd.send({ WATCHDOG: 1 }) })
  notify([])
  return { flush: async () => { await systemd.flush(FLUSH_TIMEOUT) } }
}

/** Pings twice in each timeout, as sd_watchdog_enabled(3) recommends. */
function watch (supervisor: Supervisor, timeout: number, clock: NotifierClock, ping: () => void): void {
  let servedAt = clock.now()
  clock.every(timeout / 2, () => {
    const now = clock.now()
    const { state, workers, generation: { config: { giveUp } } } = supervisor
    if (workers.some((worker) => worker.state === 'ready')) servedAt = now
    if (makesProgress({ state, workers, servedAt, giveUp }, now)) ping()
  })
}
