import type { Environment } from '../../config/config.ts'
import { InheritedSocketsError } from '../../errors.ts'

/** What systemd tells the primary by its environment. */
export interface SystemdEnvironment {
  /** What `systemd-notify` needs: where it is found, and where it sends to; undefined when systemd does not listen. */
  readonly notifyEnvironment: Environment | undefined
  /** Milliseconds of silence after which systemd assumes a hang; undefined when it does not watch. */
  readonly watchdogTimeout: number | undefined
  /** Descriptor of the socket that systemd holds for the service: sd_listen_fds(3). */
  readonly inheritedSocket: number | undefined
}

/** sd_listen_fds(3): inherited descriptors are numbered from here. */
const FIRST_INHERITED = 3

const VARIABLES = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID', 'LISTEN_FDS', 'LISTEN_PID', 'LISTEN_PIDFDID', 'LISTEN_FDNAMES'] as const

/**
 * Reads systemd's variables, and removes them from the environment: neither workers nor the application may
 * speak for the service.
 *
 * @throws InheritedSocketsError when there is not exactly one socket
 */
export function readSystemdEnvironment (environment: NodeJS.ProcessEnv = process.env, pid = process.pid): SystemdEnvironment {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, LISTEN_FDS, LISTEN_PID, PATH } = environment
  for (const name of VARIABLES) delete environment[name]
  // When another program such as npm started this one, the sockets were meant for that program.
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
