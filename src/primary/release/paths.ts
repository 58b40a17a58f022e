import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, extname, isAbsolute, join, relative, resolve } from 'node:path'

/** Where this instance was started, as it was typed: resolved anew for each generation. */
export interface StartPaths {
  /** Logical working directory: with the symbolic links by which the shell came there. */
  readonly directory: string
  /** The main program. */
  readonly program: string
  /**
   * A relative path was typed, and nobody says by which links the working directory was reached (systemd,
   * for one): a reload finds it in the directory of the start, wherever those links lead by then.
   */
  readonly isPinned: boolean
}

/** What of the process says how it was started; a parameter for tests. */
export interface StartedProcess {
  readonly argv: readonly string[]
  readonly cwd: () => string
}

/**
 * Finds the paths as they were typed, because a release switch moves the links in them.
 *
 * Node makes a relative program absolute with the physical working directory, in which a link such as
 * `current` is gone already; the kernel has what was typed.
 *
 * @param shellDirectory `$PWD`; believed when it names the working directory
 * @param application as typed, if it was
 * @param commandLineFile where the system tells the arguments as typed, Node's own among them
 */
export function startPaths (
  shellDirectory: string | undefined, application?: string,
  started: StartedProcess = process, commandLineFile = '/proc/self/cmdline'
): StartPaths {
  const physical = started.cwd()
  const logical = shellDirectory !== undefined && isAbsolute(shellDirectory) && isSameFile(shellDirectory, physical) ? shellDirectory : undefined
  const directory = logical ?? physical
  const main = withExtension(started.argv[1] as string)
  // Where the system does not tell, it may have been typed either way: it is not called relative then.
  const typed = (readArguments(commandLineFile) ?? [logical === undefined ? main : relative(physical, main)])
    .find((path) => isSameFile(withExtension(resolve(directory, path)), main)) ?? main
  return {
    directory,
    program: withExtension(resolve(directory, typed)),
    isPinned: logical === undefined && [typed, application].some((path) => path !== undefined && !isAbsolute(path))
  }
}

/**
 * @returns the program of the workers that belongs to a main program, through symbolic links
 * @throws when one of the two is not there
 */
export function workerProgram (program: string): string {
  const main = realpathSync(program)
  return realpathSync(join(dirname(main), 'worker', `index${extname(main)}`))
}

/** @returns the path through symbolic links; as it is when there is nothing */
export function resolveLinks (path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

function readArguments (commandLineFile: string): string[] | undefined {
  try {
    return readFileSync(commandLineFile, 'utf8').split('\0')
  } catch {
    return undefined
  }
}

/** Node finds `dist/main.js` for `dist/main`. */
function withExtension (path: string): string {
  return existsSync(path) ? path : `${path}.js`
}

function isSameFile (one: string, other: string): boolean {
  try {
    const [first, second] = [statSync(one), statSync(other)]
    return first.ino === second.ino && first.dev === second.dev
  } catch {
    return false
  }
}
