import { closeSync, openSync } from 'node:fs'
import { isatty } from 'node:tty'

/** What the system says of terminals; a parameter for tests. */
export interface TerminalSystem {
  readonly isatty: (fd: number) => boolean
  /** Opens the controlling terminal of this process, and closes it again; throws when that is not possible. */
  readonly open: () => void
}

const SYSTEM: TerminalSystem = { isatty, open: () => { closeSync(openSync('/dev/tty', 'r')) } }

/** What opening the terminal fails with for reasons that are not its own: it may well be there. */
const EXHAUSTED: readonly unknown[] = ['EMFILE', 'ENFILE', 'ENOMEM']

/**
 * Tells the SIGHUP of a terminal that was closed from one that asks for a reload: the kernel sends it to
 * a foreground process, and nobody else would stop a server that was started by hand.
 *
 * Started with `nohup` or `setsid`, by systemd or in a container, a process has no terminal to lose.
 *
 * @returns whether the terminal that this process was started from has gone
 */
export function watchTerminal (system: Partial<TerminalSystem> = {}): () => boolean {
  const { isatty, open } = { ...SYSTEM, ...system }
  const hadTerminal = [0, 1, 2].some((fd) => isatty(fd)) && hasTerminal(open)
  return () => hadTerminal && !hasTerminal(open)
}

function hasTerminal (open: () => void): boolean {
  try {
    open()
    return true
  } catch (error) {
    return EXHAUSTED.includes((error as NodeJS.ErrnoException).code)
  }
}
