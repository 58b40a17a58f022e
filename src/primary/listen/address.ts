import { isIPv6 } from 'node:net'
import { transportOf, type Config } from '../../config/config.ts'
import type { ListenAddress } from '../../protocol/assignment.ts'
import { inheritedAddress } from '../systemd/inherited-socket.ts'
import { isInUse, waitForPort } from './ports.ts'
import { claimSocketPath } from './socket-file.ts'

/** The highest value of `WORKERS`. */
const MAX_SLOTS = 1024
/** Linux and macOS take ports from 32768 on for outgoing connections. */
const FIRST_FREE_PORT = 15_000
const FREE_PORTS = 10_000

/** Where the service listens from start to exit; a reload cannot change it. */
export interface ServiceAddress {
  readonly address: ListenAddress
  /** For log and status: `http://host:port`, `https://host:port` or `unix:/path`. */
  readonly url: string
  /** Undefined for a UNIX socket. */
  readonly port?: number
}

/**
 * Decides where the service listens, and checks that it can.
 *
 * @param inheritedSocket descriptor of a socket that systemd holds for the service
 * @throws PortInUseError, PortUnusableError, ListenSocketHeldError, ListenSocketUnusableError or
 * InheritedSocketUnusableError
 */
export async function chooseAddress (config: Config, inheritedSocket?: number): Promise<ServiceAddress> {
  const chosen = inheritedSocket === undefined ? await configuredAddress(config) : inheritedAddress(inheritedSocket)
  return { ...chosen, url: transportOf(config) === 'http' ? chosen.url : chosen.url.replace(/^http:/, 'https:') }
}

async function configuredAddress ({ host, port, listenSocket, slotPortBase }: Config): Promise<ServiceAddress> {
  if (listenSocket !== undefined) {
    const path = await claimSocketPath(listenSocket.path)
    return { address: { ...listenSocket, path }, url: `unix:${path}` }
  }
  if (port !== 0) await waitForPort('PORT', host, port)
  const chosen = port === 0 ? await findPort(host, slotPortBase) : port
  return { address: { host, port: chosen }, url: `http://${isIPv6(host) ? `[${host}]` : host}:${chosen}`, port: chosen }
}

/**
 * Chooses the port for `PORT=0`: it stays the same when all workers are restarted, and no slot may need it.
 *
 * The workers listen on it a moment later. Until then an outgoing connection could take a port that the kernel had
 * chosen, and another instance could take one chosen at random. The pid differs from one instance to the next.
 */
async function findPort (host: string, slotPortBase = Infinity): Promise<number> {
  const mayBelongToSlot = (port: number): boolean => port >= slotPortBase && port < slotPortBase + MAX_SLOTS
  let port
  let tries = 0
  do {
    port = FIRST_FREE_PORT + (process.pid + tries++) % FREE_PORTS
  } while (tries < FREE_PORTS && (mayBelongToSlot(port) || await isInUse('PORT', host, port)))
  return port
}
