import { closeSync, openSync } from 'node:fs'
import { isatty } from 'node:tty'

/** What the system says of terminals; a parameter for tests. */
export interface TerminalSystem {
  readonly isatty: (fd: number) => boolean
  /** Whether this process has a controlling terminal. */
  readonly hasControl: () => boolean
}

/**
 * Tells the SIGHUP of a terminal that was closed from one that asks for a reload: the kernel sends it to
 * a foreground process, and nobody else would stop a server that was started by hand.
 *
 * Started with `nohup` or `setsid`, by systemd or in a container, a process has no terminal to lose.
 *
 * @returns whether the terminal that this process was started from has gone
 */
export function watchTerminal (system: TerminalSystem = { isatty, hasControl }): () => boolean {
  const hadTerminal = [0, 1, 2].some((fd) => system.isatty(fd)) && system.hasControl()
  return () => hadTerminal && !system.hasControl()
}

function hasControl (): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}
