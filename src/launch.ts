import type { Environment } from './config.ts'

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
