import cluster, { type Worker } from 'node:cluster'
import { fstatSync } from 'node:fs'
import { InheritedSocketUnusableError } from '../../errors.ts'
import { findListener } from '../listen/proc-net.ts'

/** Where the service listens. */
export interface InheritedAddress {
  readonly address: { readonly fd: number }
  /** For the log: `http://host:port`, or `unix:/path`. */
  readonly url: string
  /** Undefined for a UNIX socket. */
  readonly port?: number
}

/**
 * Finds the address of a socket that systemd opened for the service. Linux only, as is systemd.
 *
 * @throws InheritedSocketUnusableError when the descriptor is not a listening socket
 */
export function inheritedAddress (fd: number): InheritedAddress {
  const inode = inodeOf(fd)
  if (inode === undefined) throw new InheritedSocketUnusableError(fd, 'is not a socket')
  const listener = findListener(inode)
  if (listener === undefined) throw new InheritedSocketUnusableError(fd, 'does not listen')
  return { address: { fd }, ...listener }
}

/**
 * Reports the loss of the socket: Node's cluster closes a descriptor when the last worker that listened on it is gone,
 * even one that it did not open, and then it cannot be opened again.
 *
 * @param onLost called also when all workers were asked to exit, and possibly more than once
 */
export function watchInheritedSocket (fd: number, onLost: () => void, workers: NodeJS.EventEmitter = cluster): void {
  // By the time of the check the number of the descriptor may belong to another file.
  const inode = inodeOf(fd)
  // The two events come in either order; at the later one the worker is dead and cluster has closed the descriptor.
  const check = (worker: Pick<Worker, 'isDead'>): void => { if (worker.isDead() && inodeOf(fd) !== inode) onLost() }
  workers.on('exit', check)
  workers.on('disconnect', check)
}

/** @returns the inode of a socket; undefined for anything else */
function inodeOf (fd: number): number | undefined {
  try {
    const stat = fstatSync(fd)
    return stat.isSocket() ? stat.ino : undefined
  } catch {
    return undefined
  }
}
