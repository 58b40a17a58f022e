import { connect } from 'node:net'

/** Maximum bytes of a path: Linux's `sun_path` without the zero at its end; on macOS it is 103. */
export const MAX_PATH = 107
/** Error codes of a connection attempt when no process listens. */
const NOT_LISTENING: readonly unknown[] = ['ECONNREFUSED', 'ENOENT']

/**
 * Connects to a UNIX socket to find out whether a process listens there.
 *
 * @returns false for a socket left from a process that died, and when there is no file
 * @throws the system's error when it is not possible to tell
 */
export async function isListenedOn (path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    return await new Promise((resolve, reject) => {
      socket.once('connect', () => { resolve(true) })
      socket.once('error', (error: NodeJS.ErrnoException) => {
        // The queue is full: a process listens there, and is busy.
        if (error.code === 'EAGAIN') resolve(true)
        else if (NOT_LISTENING.includes(error.code)) resolve(false)
        else reject(error)
      })
    })
  } finally {
    socket.destroy()
  }
}
