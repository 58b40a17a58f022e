import { closeSync, openSync } from 'node:fs'
import { isatty } from 'node:tty'

/** System calls about terminals; a parameter for tests. */
export interface TerminalSystem {
  readonly isatty: (fd: number) => boolean
  /** Opens the controlling terminal of this process and closes it again; throws when that fails. */
  readonly open: () => void
}

const SYSTEM: TerminalSystem = { isatty, open: () => { closeSync(openSync('/dev/tty', 'r')) } }

/** Errors on opening the terminal that do not mean that it is gone. */
const EXHAUSTED: readonly unknown[] = ['EMFILE', 'ENFILE', 'ENOMEM']

/**
 * Distinguishes the SIGHUP of a closed terminal from one that requests a reload: the kernel sends it to a foreground
 * process, and no other signal would stop a server that was started by hand.
 *
 * A process that was started with `nohup` or `setsid`, by systemd or in a container has no terminal to lose.
 *
 * @returns a function that says whether the terminal from which this process was started is gone
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
