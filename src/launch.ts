import { ASSIGNMENT_VARIABLE, type Assignment } from './protocol/assignment.ts'
import type { Environment } from './config/config.ts'
import { InheritedSocketsError, UsageError } from './errors.ts'

/** What whoever started this process says of it: systemd, or a session. Not settings, and fixed for its life. */
export interface Launch {
  /** Where sockets of this instance may go, the best first; set by systemd and by login sessions. */
  readonly runtimeDirectories: readonly string[]
}

export function readLaunch (environment: Environment = process.env): Launch {
  // systemd lists all directories of the unit, separated by colons.
  const places = [environment.RUNTIME_DIRECTORY?.split(':')[0], environment.XDG_RUNTIME_DIR]
  return { runtimeDirectories: places.filter((place) => place !== undefined && place !== '') as string[] }
}

/** What the user wants of the terminal. */
export interface TerminalWish {
  /** It knows no control sequences. */
  readonly isDumb: boolean
  /** As no-color.org has it. */
  readonly isColorless: boolean
}

export function readTerminalWish (environment: Environment = process.env): TerminalWish {
  return { isDumb: environment.TERM === 'dumb', isColorless: (environment.NO_COLOR ?? '') !== '' }
}

/** What systemd means for the primary alone. */
export interface Handover {
  /** The variables by which `systemd-notify` is found, and finds who is to hear it; undefined when nobody is. */
  readonly notifyEnvironment: Environment | undefined
  /** Milliseconds after which systemd takes silence for a hang; undefined when it does not watch. */
  readonly watchdogTimeout: number | undefined
  /** Descriptor of the socket that systemd holds for us: sd_listen_fds(3). */
  readonly inheritedSocket: number | undefined
}

/** sd_listen_fds(3): they come in a row from here on. */
const FIRST_INHERITED = 3

const HANDOVER_VARIABLES = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID', 'LISTEN_FDS', 'LISTEN_PID', 'LISTEN_PIDFDID', 'LISTEN_FDNAMES'] as const

/**
 * Reads what systemd hands to this process, and takes it out of the environment: neither workers nor the
 * application may speak for the service.
 *
 * @throws InheritedSocketsError when there is another number of sockets than one
 */
export function takeHandover (environment: NodeJS.ProcessEnv = process.env, pid = process.pid): Handover {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, LISTEN_FDS, LISTEN_PID, PATH } = environment
  for (const name of HANDOVER_VARIABLES) delete environment[name]
  // Whoever starts us by another program, such as npm, leaves what was meant for that one.
  const isForUs = Number(LISTEN_PID) === pid
  if (isForUs && LISTEN_FDS !== '1') throw new InheritedSocketsError(JSON.stringify(LISTEN_FDS) ?? 'not set')
  return {
    notifyEnvironment: isSet(NOTIFY_SOCKET) ? { NOTIFY_SOCKET, PATH } : undefined,
    watchdogTimeout: isSet(WATCHDOG_PID) && Number(WATCHDOG_PID) !== pid ? undefined : toMilliseconds(WATCHDOG_USEC),
    inheritedSocket: isForUs ? FIRST_INHERITED : undefined
  }
}

/**
 * Reads what the primary told this worker alone, and takes it out of the environment of the application.
 *
 * @throws UsageError when nothing was
 */
export function takeAssignment (environment: NodeJS.ProcessEnv = process.env): Assignment {
  const text = environment[ASSIGNMENT_VARIABLE]
  if (text === undefined) throw new UsageError('this program is a worker: it is started by Baton')
  delete environment[ASSIGNMENT_VARIABLE]
  return JSON.parse(text) as Assignment
}

function isSet (value: string | undefined): value is string {
  return value !== undefined && value !== ''
}

function toMilliseconds (microseconds: string | undefined): number | undefined {
  const value = Number(microseconds) / 1000
  return value > 0 ? value : undefined
}
