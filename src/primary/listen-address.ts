import { createServer, isIPv6, type AddressInfo } from 'node:net'
import type { ListenAddress } from '../assignment.ts'
import { transportOf, type Config } from '../config.ts'
import { claimSocketPath } from './socket-file.ts'
import { inheritedPlace } from './systemd/inherited-socket.ts'

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

/**
 * @param inheritedSocket descriptor of a socket that systemd holds for us
 * @throws ListenSocketHeldError or ListenSocketUnusableError when the UNIX socket cannot be had,
 * InheritedSocketUnusableError when the descriptor is none that can be listened on
 */
export async function choosePlace (config: Config, inheritedSocket?: number): Promise<Place> {
  const place = inheritedSocket === undefined ? await configuredPlace(config) : inheritedPlace(inheritedSocket)
  return { ...place, url: transportOf(config) === 'http' ? place.url : place.url.replace(/^http:/, 'https:') }
}

async function configuredPlace ({ host, port, listenSocket, slotPortBase }: Config): Promise<Place> {
  if (listenSocket !== undefined) {
    const path = await claimSocketPath(listenSocket.path)
    return { address: { ...listenSocket, path }, url: `unix:${path}` }
  }
  const chosen = port === 0 ? await findPort(host, slotPortBase) : port
  return { address: { host, port: chosen }, url: `http://${isIPv6(host) ? `[${host}]` : host}:${chosen}`, port: chosen }
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
