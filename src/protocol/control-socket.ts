import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '../config/config.ts'

/** The directory of a service that systemd started with `RuntimeDirectory=baton`. */
const SYSTEM_DIRECTORY = '/run/baton'

/** @returns the directories for sockets that systemd or the login session made for this process, the best first */
export function runtimeDirectories (environment: Environment = process.env): string[] {
  // systemd lists all directories of the unit, separated by colons.
  const folders = [environment.RUNTIME_DIRECTORY?.split(':')[0], environment.XDG_RUNTIME_DIR]
  return folders.filter((folder) => folder !== undefined && folder !== '') as string[]
}

/** @returns where the primary creates its control socket by default */
export function defaultDirectory (runtime: readonly string[] = runtimeDirectories()): string {
  return runtime[0] ?? ownDirectory()
}

/** @returns where a command searches for instances */
export function directories (runtime: readonly string[] = runtimeDirectories()): string[] {
  return [...new Set([...runtime, ownDirectory(), SYSTEM_DIRECTORY])]
}

/** The directory for temporary files is shared: only a subdirectory of this user is safe there. */
export function ownDirectory (): string {
  return join(tmpdir(), `baton-${userId()}`)
}

/** @param port distinguishes instances in the same directory */
export function socketName (port: number): string {
  return `baton-${port}.sock`
}

/**
 * @returns the id of the user of this process; not from `os.userInfo()`, which throws where the user has no name:
 * systemd's DynamicUser=, and `docker run --user 1234`
 */
export function userId (): number {
  return (process.getuid as () => number)()
}
