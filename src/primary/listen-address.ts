import { createServer, isIPv6, type AddressInfo } from 'node:net'
import { transportOf, type Config, type ListenAddress } from '../config.ts'
import { claimSocketPath } from './socket-file.ts'

/** As many slots as `WORKERS` may ask for. */
const MAX_SLOTS = 1024

/** Where the service listens from its start to its end, whatever a reload makes of the settings. */
export interface Place {
  readonly address: ListenAddress
  /** For people: `http://host:port`, `https://host:port` or `unix:/path`. */
  readonly url: string
  /** None on a UNIX socket. */
  readonly port?: number
}

/** @throws ListenSocketHeldError or ListenSocketUnusableError when the UNIX socket cannot be had */
export async function choosePlace (config: Config): Promise<Place> {
  const { host, port, listenSocket, slotPortBase } = config
  if (listenSocket !== undefined) {
    const path = await claimSocketPath(listenSocket.path)
    return { address: { ...listenSocket, path }, url: `unix:${path}` }
  }
  const chosen = port === 0 ? await findPort(host, slotPortBase) : port
  return { address: { host, port: chosen }, url: `${transportOf(config) === 'http' ? 'http' : 'https'}://${isIPv6(host) ? `[${host}]` : host}:${chosen}`, port: chosen }
}

/** `PORT=0`: a port that stays the same, whoever listens on it, and none that a slot may want. */
async function findPort (host: string, slotPortBase = Infinity): Promise<number> {
  let port
  do {
    const server = createServer()
    port = await new Promise<number>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, host, () => { resolve((server.address() as AddressInfo).port) })
    })
    await new Promise((resolve) => { server.close(resolve) })
  } while (port >= slotPortBase && port < slotPortBase + MAX_SLOTS)
  return port
}
