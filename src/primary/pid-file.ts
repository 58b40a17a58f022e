import { closeSync, constants, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { PidFileHeldError, PidFileUnusableError } from '../errors.ts'

/**
 * Looks whether this instance may have a PID file, before anything is started.
 *
 * A file that names a process which is gone is left from a crash. One that names ourselves is too: in a
 * container the process is always 1.
 *
 * @throws PidFileHeldError when the process that it names is alive
 * @throws PidFileUnusableError when it could not be written
 */
export function checkPidFile (path: string): void {
  const pid = readPid(path)
  if (pid !== undefined && pid !== process.pid && isAlive(pid)) throw new PidFileHeldError(path, pid)
  try {
    checkWritable(path)
  } catch (error) {
    throw new PidFileUnusableError(path, (error as Error).message)
  }
}

export function writePidFile (path: string): void {
  writeFileSync(path, `${process.pid}\n`)
}

/** Removes the file if it is ours and if that is possible: a stop does not fail because of it. */
export function removePidFile (path: string): void {
  try {
    if (readPid(path) === process.pid) rmSync(path)
  } catch {}
}

/** Opens it for writing as it will be later, and leaves what there is as it is. */
function checkWritable (path: string): void {
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    writeFileSync(path, '')
    rmSync(path)
  }
}

function readPid (path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    return Number.isInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}

function isAlive (pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process is alive as well.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
