import { closeSync, constants, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { PidFileHeldError, PidFileUnusableError } from '../errors.ts'

/**
 * Checks that this instance may use a PID file, before anything is started.
 *
 * A file that names a process which no longer exists is left from a crash. So is one that names this process: in a
 * container the pid is always 1.
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

/** Removes the file if it is ours. Errors are ignored, so that they cannot fail a stop. */
export function removePidFile (path: string): void {
  try {
    if (readPid(path) === process.pid) rmSync(path)
  } catch {}
}

/** Opens the file for writing as `writePidFile()` will, without changing it. */
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
    // A process of another user: it is alive.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
