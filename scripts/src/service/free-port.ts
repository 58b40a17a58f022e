import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the range from which the kernel takes the ports of outgoing connections, any of which could be in the way. */
const FIRST_PORT = 25_000
/** Programs that run at the same time have pids that are close together: each has ports of its own. */
const PORTS_PER_PROCESS = 8
const PROCESSES = 900

let calls = 0

/** @returns a port of 127.0.0.1 that was free a moment ago, and that this program has not returned recently */
export async function findFreePort (): Promise<number> {
  for (let tries = 0; tries < PORTS_PER_PROCESS * PROCESSES; tries++) {
    const port = FIRST_PORT + (process.pid % PROCESSES * PORTS_PER_PROCESS + calls++) % (PORTS_PER_PROCESS * PROCESSES)
    if (await isFree(port)) return port
  }
  throw new Error('no port is free')
}

/** @returns whether no program listens on that port of 127.0.0.1 */
export async function isFree (port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
