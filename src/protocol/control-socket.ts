import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '../config/config.ts'

/** Where a service looks that was started by systemd with `RuntimeDirectory=baton`. */
const SYSTEM = '/run/baton'

/** @returns the folders for sockets that systemd or the login session made for this process, the best first */
export function runtimeDirectories (environment: Environment = process.env): string[] {
  // systemd lists all directories of the unit, separated by colons.
  const folders = [environment.RUNTIME_DIRECTORY?.split(':')[0], environment.XDG_RUNTIME_DIR]
  return folders.filter((folder) => folder !== undefined && folder !== '') as string[]
}

/** @returns where the primary puts its control socket unless told otherwise */
export function defaultDirectory (runtime: readonly string[] = runtimeDirectories()): string {
  return runtime[0] ?? ownDirectory()
}

/** @returns where the command looks for instances */
export function directories (runtime: readonly string[] = runtimeDirectories()): string[] {
  return [...new Set([...runtime, ownDirectory(), SYSTEM])]
}

/** In the directory of everybody's temporary files: only a folder of the user's own is safe there. */
export function ownDirectory (): string {
  return join(tmpdir(), `baton-${userId()}`)
}

/** @param port what tells instances in the same directory apart */
export function socketName (port: number): string {
  return `baton-${port}.sock`
}

/**
 * @returns the number of the user that this process runs as; not from `os.userInfo()`, which throws where the user has no
 * name: systemd's DynamicUser=, and `docker run --user 1234`
 */
export function userId (): number {
  return (process.getuid as () => number)()
}
