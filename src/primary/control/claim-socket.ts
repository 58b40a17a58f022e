import { lstatSync, mkdirSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import type { Server } from 'node:net'
import { userId } from '../../protocol/control-socket.ts'
import { ControlSocketHeldError, ControlSocketUnusableError } from '../../errors.ts'
import { isListenedOn, MAX_PATH } from '../listen/unix-socket.ts'

/** Only the user of the service may connect. */
const MODE_MASK = 0o177
/** Milliseconds for the process that holds the socket to answer with its pid. */
const ANSWER_TIMEOUT = 1000

/**
 * Makes a server listen on a UNIX socket to which only its user can connect.
 *
 * A socket on which no process listens is left from a process that was killed, and is replaced.
 *
 * @throws ControlSocketHeldError when another process listens there
 * @throws ControlSocketUnusableError for any other reason; a file that is not a socket stays as it is
 */
export async function claimSocket (server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH) throw new ControlSocketUnusableError(path, `its path is ${Buffer.byteLength(path)} bytes long, and at most ${MAX_PATH} are allowed`)
  try {
    await listen(server, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw new ControlSocketUnusableError(path, (error as Error).message)
    await removeStale(path)
    await listen(server, path).catch((again: Error) => { throw new ControlSocketUnusableError(path, again.message) })
  }
}

/**
 * Makes a folder for the user's sockets, or uses the existing one if it is safe: any user may have made it, because it
 * is in the shared directory for temporary files.
 *
 * @throws ControlSocketUnusableError when other users have access to it
 */
export function claimDirectory (path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw new ControlSocketUnusableError(path, (error as Error).message)
  }
  const entry = lstatSync(path)
  const isSafe = entry.isDirectory() && entry.uid === userId() && (entry.mode & 0o077) === 0
  if (!isSafe) throw new ControlSocketUnusableError(path, 'it must be a folder of this user that no other user can enter (mode 0700)')
}

async function listen (server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    // The file is made in this call, so it has the right mode from the beginning.
    const mask = process.umask(MODE_MASK)
    try {
      server.listen(path, () => {
        server.off('error', reject)
        resolve()
      })
    } finally {
      process.umask(mask)
    }
  })
}

async function removeStale (path: string): Promise<void> {
  if (!lstatSync(path).isSocket()) throw new ControlSocketUnusableError(path, 'the file there is not a socket')
  const isHeld = await isListenedOn(path).catch(({ code }: NodeJS.ErrnoException) => {
    throw new ControlSocketUnusableError(path, `it is not possible to tell whether a process listens there (${code})`)
  })
  if (isHeld) throw new ControlSocketHeldError(path, await readHolder(path))
  rmSync(path, { force: true })
}

/** @returns the process that holds the socket, as a phrase */
async function readHolder (socketPath: string): Promise<string> {
  return await new Promise((resolve) => {
    const resolveUnknown = (): void => { resolve('an unknown process') }
    const statusRequest = request({ socketPath, path: '/status', agent: false, signal: AbortSignal.timeout(ANSWER_TIMEOUT) }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => { text += String(chunk) })
      response.on('error', resolveUnknown)
      response.on('end', () => {
        try {
          resolve(`process ${JSON.parse(text).pid as number}`)
        } catch {
          resolveUnknown()
        }
      })
    })
    statusRequest.on('error', resolveUnknown)
    statusRequest.end()
  })
}
