/** Assignments of sd_notify(3) that are sent together. */
export interface Notification {
  readonly READY?: 1
  readonly RELOADING?: 1
  readonly STOPPING?: 1
  /** Microseconds of CLOCK_MONOTONIC; has to come with RELOADING. */
  readonly MONOTONIC_USEC?: string
  readonly STATUS?: string
  readonly WATCHDOG?: 1
}

/** A change to a state and the one before it: systemd waits for READY after RELOADING, and no further back. */
const LONGEST = 2

/**
 * Puts a notification behind those that wait to be sent.
 *
 * @returns as few of them as say the same: what is no change of state goes with what is sent anyway, and of
 * many changes of state the last two count
 */
export function append (pending: readonly Notification[], next: Notification): readonly Notification[] {
  const last = pending.at(-1)
  if (last === undefined) return [next]
  if (stateOf(next) === undefined || stateOf(last) === undefined || stateOf(last) === stateOf(next)) {
    return [...pending.slice(0, -1), { ...last, ...next }]
  }
  return [...pending, next].slice(-LONGEST)
}

function stateOf ({ READY, RELOADING, STOPPING }: Notification): string | undefined {
  if (STOPPING !== undefined) return 'STOPPING'
  if (RELOADING !== undefined) return 'RELOADING'
  return READY === undefined ? undefined : 'READY'
}
