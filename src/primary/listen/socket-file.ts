import { accessSync, chmodSync, constants, lstatSync, rmSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { UnixSocket } from '../../config/config.ts'
import { ListenSocketHeldError, ListenSocketUnusableError } from '../../errors.ts'
import { isListenedOn, MAX_PATH } from './unix-socket.ts'

/** Milliseconds for the workers of a primary that died to release its socket. */
const RELEASE_TIMEOUT = 1000
/** Milliseconds between two checks whether they have released it. */
const CHECK_INTERVAL = 50
/** Write permission of group and others: it is needed to connect. */
const CONNECT_BY_OTHERS = 0o022

/**
 * Makes sure that a UNIX socket can be bound, before anything is started.
 *
 * A socket on which no process listens is left from a primary that died, and is removed. Any other file stays.
 *
 * @param typed path, relative to the directory of the start
 * @returns the absolute path
 * @throws ListenSocketHeldError when another process listens there
 * @throws ListenSocketUnusableError when the path is too long, another file is there, or it could not be made
 */
export async function claimSocketPath (typed: string): Promise<string> {
  const path = resolve(typed)
  const bytes = Buffer.byteLength(path)
  if (bytes > MAX_PATH) {
    throw new ListenSocketUnusableError(path, `its path is ${bytes} bytes long, and at most ${MAX_PATH} are allowed`)
  }
  try {
    accessSync(`${dirname(path)}/`, constants.W_OK | constants.X_OK)
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (stats === undefined) return path
    if (!stats.isSocket()) throw new Error('the file there is not a socket')
    if (!await isHeld(path)) {
      rmSync(path, { force: true })
      return path
    }
  } catch (error) {
    throw new ListenSocketUnusableError(path, (error as Error).message)
  }
  throw new ListenSocketHeldError(path)
}

/**
 * Gives the file of a socket its permissions. Node's cluster binds it in this process for the first worker, and again
 * after all workers have crashed, and removes it when the last worker is disconnected.
 */
export function openSocket ({ path, mode }: UnixSocket): void {
  try {
    chmodSync(path, mode)
  } catch {
    // The file was removed, so no client can connect: still no reason to cut the open requests.
  }
}

/**
 * Lets only our own user connect until `openSocket()` is called, whatever the operator's umask is.
 *
 * @returns a function through which a process must be started, so that it has the operator's umask
 */
export function guardSocket (): <Process>(start: () => Process) => Process {
  const operatorMask = process.umask(CONNECT_BY_OTHERS)
  const ownMask = operatorMask | CONNECT_BY_OTHERS
  process.umask(ownMask)
  return (start) => {
    process.umask(operatorMask)
    try {
      return start()
    } finally {
      process.umask(ownMask)
    }
  }
}

async function isHeld (path: string): Promise<boolean> {
  const end = performance.now() + RELEASE_TIMEOUT
  while (await isListenedOn(path)) {
    if (performance.now() > end) return true
    await pause(CHECK_INTERVAL)
  }
  return false
}
