import { readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, extname, isAbsolute, join, relative, resolve } from 'node:path'

/** Where this instance was started, as it was typed: resolved anew for each generation. */
export interface StartPaths {
  /** Logical working directory: with the symbolic links by which the shell came there. */
  readonly directory: string
  /** The main program. */
  readonly program: string
}

/** What of the process says how it was started; a parameter for tests. */
export interface StartedProcess {
  readonly argv: readonly string[]
  readonly execArgv: readonly string[]
  readonly cwd: () => string
}

/**
 * Finds the paths as they were typed, because a release switch moves the links in them.
 *
 * Node makes a relative program absolute with the physical working directory, in which a link such as
 * `current` is gone already; the kernel has what was typed.
 *
 * @param shellDirectory `$PWD`; believed when it names the working directory
 * @param readCommandLine the arguments as typed, if the system tells
 */
export function startPaths (
  shellDirectory: string | undefined, started: StartedProcess = process, readCommandLine = commandLine
): StartPaths {
  const physical = started.cwd()
  const directory = shellDirectory !== undefined && isSameFile(shellDirectory, physical) ? shellDirectory : physical
  const program = started.argv[1] as string
  const typed = readCommandLine()[1 + started.execArgv.length] ?? relative(physical, program)
  const logical = resolve(directory, typed)
  return { directory, program: !isAbsolute(typed) && isSameFile(logical, program) ? logical : program }
}

/** @returns the program of the workers that belongs to a main program, through symbolic links */
export function workerProgram (program: string): string {
  const main = realpathSync(program)
  return join(dirname(main), 'worker', `index${extname(main)}`)
}

/** @returns the path through symbolic links; as it is when there is nothing */
export function resolveLinks (path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

function commandLine (): string[] {
  try {
    return readFileSync('/proc/self/cmdline', 'utf8').split('\0')
  } catch {
    return []
  }
}

function isSameFile (one: string, other: string): boolean {
  try {
    const [first, second] = [statSync(one), statSync(other)]
    return first.ino === second.ino && first.dev === second.dev
  } catch {
    return false
  }
}
