import { connect, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'

import { announceSocket } from '../connection-watch.ts'
import { RequestFailure, toRequestFailure } from '../request-failure.ts'
import type { Target } from '../target.ts'

/**
 * Opens a socket for HTTP/1.1, over TLS when the target has it. The certificate is not checked: the target is this
 * machine, and the question here is which request fails.
 *
 * @param timeout milliseconds
 * @param take is given the socket as soon as it is open, so that no event of it comes in between
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
