import { accessSync, chmodSync, constants, lstatSync, rmSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { UnixSocket } from '../../config/config.ts'
import { ListenSocketHeldError, ListenSocketUnusableError } from '../../errors.ts'
import { isListenedOn, MAX_PATH } from './unix-socket.ts'

/** Milliseconds in which the workers of a primary that died let go of its socket. */
const PATIENCE = 1000
/** Milliseconds between two looks whether they have. */
const LOOK = 50
/** Write permission of group and others, which connecting needs. */
const CONNECTABLE = 0o022

/**
 * Sees to it that a UNIX socket can be bound, before anything is started.
 *
 * A socket that nobody listens on is left from a primary that died: it is removed. Nothing else is.
 *
 * @param typed path, relative to the directory of the start
 * @returns the absolute path
 * @throws ListenSocketHeldError when somebody listens there
 * @throws ListenSocketUnusableError when it is too long, something else is there, or it could not be made
 */
export async function claimSocketPath (typed: string): Promise<string> {
  const path = resolve(typed)
  const bytes = Buffer.byteLength(path)
  if (bytes > MAX_PATH) throw new ListenSocketUnusableError(path, `it is ${bytes} bytes long, and the system takes at most ${MAX_PATH}`)
  try {
    accessSync(`${dirname(path)}/`, constants.W_OK | constants.X_OK)
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (stats === undefined) return path
    if (!stats.isSocket()) throw new Error('what is there is no socket, and is left alone')
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
 * Gives the file of a socket its permissions. Node's cluster binds it, in this process, for the first worker and again
 * after all of them have crashed, and removes it when the last one is disconnected.
 */
export function openSocket ({ path, mode }: UnixSocket): void {
  try {
    chmodSync(path, mode)
  } catch {
    // Somebody has removed it, and nobody can connect: that is no reason to end the requests that there are.
  }
}

/**
 * Until `openSocket()` has been called only we may connect, whatever the umask of the operator.
 *
 * @returns what a process is to be started through, so that it has the umask of the operator
 */
export function guardSocket (): <Process>(start: () => Process) => Process {
  const theirs = process.umask(CONNECTABLE)
  const ours = theirs | CONNECTABLE
  process.umask(ours)
  return (start) => {
    process.umask(theirs)
    try {
      return start()
    } finally {
      process.umask(ours)
    }
  }
}

async function isHeld (path: string): Promise<boolean> {
  const end = performance.now() + PATIENCE
  while (await isListenedOn(path)) {
    if (performance.now() > end) return true
    await pause(LOOK)
  }
  return false
}
