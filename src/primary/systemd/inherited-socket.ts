import cluster, { type Worker } from 'node:cluster'
import { fstatSync } from 'node:fs'
import { InheritedSocketUnusableError } from '../../errors.ts'
import { findListener } from '../listen/proc-net.ts'

/** Where the service listens. */
export interface InheritedAddress {
  readonly address: { readonly fd: number }
  /** For the log: `http://host:port`, or `unix:/path`. */
  readonly url: string
  /** None on a UNIX socket. */
  readonly port?: number
}

/**
 * Looks at the socket that systemd has opened for us, and leaves it as it is. Linux only, as is systemd.
 *
 * @throws InheritedSocketUnusableError when the descriptor is none that can be listened on
 */
export function inheritedAddress (fd: number): InheritedAddress {
  const inode = inodeOf(fd)
  if (inode === undefined) throw new InheritedSocketUnusableError(fd, 'is no socket')
  const listener = findListener(inode)
  if (listener === undefined) throw new InheritedSocketUnusableError(fd, 'does not listen')
  return { address: { fd }, ...listener }
}

/**
 * Tells when the socket is lost: Node's cluster closes a descriptor with the last worker that listened on
 * it, also one that it did not open, and then there is no way back to it. It tells so as well when all
 * workers were asked to leave, and it may tell more than once.
 */
export function watchInheritedSocket (fd: number, lost: () => void, workers: NodeJS.EventEmitter = cluster): void {
  // The number may have gone to another file by the time that anybody looks.
  const inode = inodeOf(fd)
  // Its end is noted first; whether its channel or its process ends first is open, and the latter closes the descriptor.
  const look = (worker: Pick<Worker, 'isDead'>): void => { if (worker.isDead() && inodeOf(fd) !== inode) lost() }
  workers.on('exit', look)
  workers.on('disconnect', look)
}

/** @returns which socket it is; undefined for anything else */
function inodeOf (fd: number): number | undefined {
  try {
    const stat = fstatSync(fd)
    return stat.isSocket() ? stat.ino : undefined
  } catch {
    return undefined
  }
}
