/** Assignments of sd_notify(3) that are sent in one message. */
export interface Notification {
  readonly READY?: 1
  readonly RELOADING?: 1
  readonly STOPPING?: 1
  /** Microseconds of CLOCK_MONOTONIC; required with RELOADING. */
  readonly MONOTONIC_USEC?: string
  readonly STATUS?: string
  readonly WATCHDOG?: 1
}

/** The last change of state and the one before it: systemd waits for READY after RELOADING, and needs no older ones. */
const MAX_PENDING = 2

/**
 * Adds a notification to those that wait to be sent, and merges them where that loses nothing.
 *
 * @returns the new queue: a notification that does not change the state is merged with the last one, and of several
 * changes of state only the last two stay
 */
export function append (pending: readonly Notification[], next: Notification): readonly Notification[] {
  const last = pending.at(-1)
  if (last === undefined) return [next]
  if (stateOf(next) === undefined || stateOf(last) === undefined || stateOf(last) === stateOf(next)) {
    return [...pending.slice(0, -1), { ...last, ...next }]
  }
  return [...pending, next].slice(-MAX_PENDING)
}

function stateOf ({ READY, RELOADING, STOPPING }: Notification): string | undefined {
  if (STOPPING !== undefined) return 'STOPPING'
  if (RELOADING !== undefined) return 'RELOADING'
  return READY === undefined ? undefined : 'READY'
}
