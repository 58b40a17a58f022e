import { connect } from 'node:tls'

import type { Target } from '../target.ts'

/**
 * Asks a target by ALPN whether it speaks HTTP/2.
 *
 * @param timeout milliseconds
 * @returns false when the target has no TLS, or does not answer
 */
export async function speaksHttp2 ({ host, port, isSecure }: Target, timeout: number): Promise<boolean> {
  if (!isSecure) return false
  const socket = connect({ host, port, rejectUnauthorized: false, ALPNProtocols: ['h2', 'http/1.1'] })
  try {
    return await new Promise<boolean>((resolve) => {
      socket.setTimeout(timeout, () => { resolve(false) })
      socket.once('error', () => { resolve(false) })
      socket.once('secureConnect', () => { resolve(socket.alpnProtocol === 'h2') })
    })
  } finally {
    socket.destroy()
  }
}
