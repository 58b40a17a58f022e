import { connect, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'

import { announceSocket } from '../connection-watch.ts'
import { RequestFailure, toRequestFailure } from '../request-failure.ts'
import type { Target } from '../target.ts'

/**
 * Opens a socket for HTTP/1.1, over TLS when the target has it. The certificate is not checked, because the target is
 * this machine.
 *
 * @param timeout milliseconds
 * @param take is called as soon as the socket is open, so that it misses no event
 * @throws RequestFailure when the connection is refused or takes too long
 */
export async function openSocket<T> (target: Target, timeout: number, take: (socket: Socket) => T): Promise<T> {
  const { host, port, isSecure } = target
  const socket = isSecure
    ? connectSecurely({ host, port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }).setNoDelay(true)
    : connect({ host, port, noDelay: true })
  if (isSecure) announceSocket(socket)
  return await new Promise<T>((resolve, reject) => {
    const deadline = setTimeout(() => {
      socket.destroy()
      reject(new RequestFailure('timeout of the connection'))
    }, timeout)
    const fail = (error: Error) => {
      clearTimeout(deadline)
      reject(toRequestFailure(error))
    }
    socket.once('error', fail)
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      clearTimeout(deadline)
      socket.off('error', fail)
      resolve(take(socket))
    })
  })
}
