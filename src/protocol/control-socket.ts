import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readLaunch, type Launch } from '../launch.ts'

/** Where a service looks that was started by systemd with `RuntimeDirectory=baton`. */
const SYSTEM = '/run/baton'

/** @returns where the primary puts its control socket unless told otherwise */
export function defaultDirectory (launch: Launch = readLaunch()): string {
  return launch.runtimeDirectories[0] ?? ownDirectory()
}

/** @returns where the command looks for instances */
export function directories (launch: Launch = readLaunch()): string[] {
  return [...new Set([...launch.runtimeDirectories, ownDirectory(), SYSTEM])]
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
