import { connect } from 'node:net'

/** Bytes of a path that the system takes: `sun_path` of Linux, less the zero at its end; on macOS it is 103. */
export const MAX_PATH = 107
/** What a connection fails with when nobody listens. */
const UNHEARD: readonly unknown[] = ['ECONNREFUSED', 'ENOENT']

/**
 * Connects to a UNIX socket, to learn whether somebody listens there.
 *
 * @returns false for a socket that is left from a process that died, and where nothing is
 * @throws the system's error when it cannot be found out
 */
export async function isListenedOn (path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    return await new Promise((resolve, reject) => {
      socket.once('connect', () => { resolve(true) })
      socket.once('error', (error: NodeJS.ErrnoException) => {
        // Its queue is full: somebody is there, and busy.
        if (error.code === 'EAGAIN') resolve(true)
        else if (UNHEARD.includes(error.code)) resolve(false)
        else reject(error)
      })
    })
  } finally {
    socket.destroy()
  }
}
