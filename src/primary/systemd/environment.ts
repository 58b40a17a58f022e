import type { Environment } from '../../config/config.ts'
import { InheritedSocketsError } from '../../errors.ts'

/** What the environment variables of systemd say. */
export interface SystemdEnvironment {
  /** Environment of `systemd-notify`: where to find it, and where it sends to; undefined when systemd expects nothing. */
  readonly notifyEnvironment: Environment | undefined
  /** Milliseconds without a ping after which systemd assumes a hang; undefined without a watchdog. */
  readonly watchdogTimeout: number | undefined
  /** Descriptor of the socket that systemd holds for the service: sd_listen_fds(3). */
  readonly inheritedSocket: number | undefined
}

/** sd_listen_fds(3): inherited descriptors are numbered from here. */
const FIRST_INHERITED = 3

const VARIABLES = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID', 'LISTEN_FDS', 'LISTEN_PID', 'LISTEN_PIDFDID', 'LISTEN_FDNAMES'] as const

/**
 * Reads systemd's variables, and removes them from the environment: neither workers nor the application may send
 * notifications for the service.
 *
 * @throws InheritedSocketsError when there is not exactly one socket
 */
export function readSystemdEnvironment (environment: NodeJS.ProcessEnv = process.env, pid = process.pid): SystemdEnvironment {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, LISTEN_FDS, LISTEN_PID, PATH } = environment
  for (const name of VARIABLES) delete environment[name]
  // When another program such as npm started this one, the sockets belong to that program.
  const isForUs = Number(LISTEN_PID) === pid
  if (isForUs && LISTEN_FDS !== '1') throw new InheritedSocketsError(JSON.stringify(LISTEN_FDS) ?? 'not set')
  return {
    notifyEnvironment: isSet(NOTIFY_SOCKET) ? { NOTIFY_SOCKET, PATH } : undefined,
    watchdogTimeout: isSet(WATCHDOG_PID) && Number(WATCHDOG_PID) !== pid ? undefined : toMilliseconds(WATCHDOG_USEC),
    inheritedSocket: isForUs ? FIRST_INHERITED : undefined
  }
}

function isSet (value: string | undefined): value is string {
  return value !== undefined && value !== ''
}

function toMilliseconds (microseconds: string | undefined): number | undefined {
  const value = Number(microseconds) / 1000
  return value > 0 ? value : undefined
}
