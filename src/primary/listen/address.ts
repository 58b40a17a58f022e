import { once } from 'node:events'
import { createServer, isIPv6 } from 'node:net'
import type { ListenAddress } from '../../protocol/assignment.ts'
import { transportOf, type Config } from '../../config/config.ts'
import { claimSocketPath } from './socket-file.ts'
import { inheritedPlace } from '../systemd/inherited-socket.ts'

/** As many slots as `WORKERS` may ask for. */
const MAX_SLOTS = 1024
/** Linux and macOS take ports from 32768 on for outgoing connections. */
const FIRST_FREE_PORT = 15_000
const FREE_PORTS = 10_000

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

/**
 * `PORT=0`: a port that stays the same, whoever listens on it, and none that a slot may want.
 *
 * The workers listen on it a moment later. Until then a port that the kernel chooses could go to any outgoing
 * connection, and one that is chosen at random to another instance that starts; processes have different numbers.
 */
async function findPort (host: string, slotPortBase = Infinity): Promise<number> {
  const mayBeOfSlot = (port: number): boolean => port >= slotPortBase && port < slotPortBase + MAX_SLOTS
  let port
  let tries = 0
  do {
    port = FIRST_FREE_PORT + (process.pid + tries++) % FREE_PORTS
  } while (tries < FREE_PORTS && (mayBeOfSlot(port) || await isTaken(host, port)))
  return port
}

/** @throws when nobody could listen there */
async function isTaken (host: string, port: number): Promise<boolean> {
  const server = createServer().listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return true
    throw error
  }
  server.close()
  await once(server, 'close')
  return false
}
