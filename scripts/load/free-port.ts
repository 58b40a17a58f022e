import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

/**
 * @param wanted 0 for any
 * @returns a port of 127.0.0.1 that nobody listened on a moment ago
 */
export async function findFreePort (wanted = 0): Promise<number> {
  const server = createServer().listen(wanted, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
