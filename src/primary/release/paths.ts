import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, extname, isAbsolute, join, relative, resolve } from 'node:path'

/** Where this instance was started, as typed; the paths are resolved again for each generation. */
export interface StartPaths {
  /** Logical working directory: with the symbolic links through which the shell reached it. */
  readonly directory: string
  /** The main program. */
  readonly program: string
  /**
   * A relative path was typed, and it is unknown through which links the working directory was reached (with systemd,
   * for one): a reload uses the directory of the start, even if those links point elsewhere by then.
   */
  readonly isPinned: boolean
}

/** How the process was started; a parameter for tests. */
export interface StartedProcess {
  readonly argv: readonly string[]
  readonly cwd: () => string
}

/**
 * Finds the paths as they were typed, because a release switch moves the links in them.
 *
 * Node makes a relative program absolute with the physical working directory, where a link such as `current` has
 * already been resolved; the kernel still has what was typed.
 *
 * @param shellDirectory `$PWD`; used when it names the working directory
 * @param application as typed, if it was
 * @param commandLineFile file with the arguments as typed, including Node's own
 */
export function startPaths (
  shellDirectory: string | undefined, application?: string,
  started: StartedProcess = process, commandLineFile = '/proc/self/cmdline'
): StartPaths {
  const physical = started.cwd()
  const logical = shellDirectory !== undefined && isAbsolute(shellDirectory) && isSameFile(shellDirectory, physical) ? shellDirectory : undefined
  const directory = logical ?? physical
  const main = withExtension(started.argv[1] as string)
  // Without that file the program may have been typed either way; do not treat it as relative then.
  const typed = (readArguments(commandLineFile) ?? [logical === undefined ? main : relative(physical, main)])
    .find((path) => isSameFile(withExtension(resolve(directory, path)), main)) ?? main
  return {
    directory,
    program: withExtension(resolve(directory, typed)),
    isPinned: logical === undefined && [typed, application].some((path) => path !== undefined && !isAbsolute(path))
  }
}

/**
 * @returns the program of the workers that belongs to a main program, with symbolic links resolved
 * @throws when one of the two does not exist
 */
export function workerProgram (program: string): string {
  const main = realpathSync(program)
  return realpathSync(join(dirname(main), 'worker', `index${extname(main)}`))
}

/** @returns the path with symbolic links resolved; unchanged when the file does not exist */
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

/** Node also runs `dist/main.js` when `dist/main` was typed. */
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
