import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the range from which the kernel takes ports for connections: they may take one at any time. */
const FIRST = 25_000
/** Programs that run at the same time have process numbers that are close together. */
const SHARE = 8
const PROCESSES = 900

let calls = 0

/** @returns a port of 127.0.0.1 that no process listened on a moment ago, and that this program has not named lately */
export async function findFreePort (): Promise<number> {
  for (let tries = 0; tries < SHARE * PROCESSES; tries++) {
    const port = FIRST + (process.pid % PROCESSES * SHARE + calls++) % (SHARE * PROCESSES)
    if (await isFree(port)) return port
  }
  throw new Error('no port is free')
}

/** @returns whether no process listens on that port of 127.0.0.1 */
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
