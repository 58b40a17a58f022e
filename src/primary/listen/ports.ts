import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { PortInUseError, PortUnusableError } from '../../errors.ts'
import { findPortHolder } from './proc-net.ts'

/** Milliseconds for which a port that is in use is tried again: an instance that stops may be about to release it. */
const RETRY_TIME = 3_000
const RETRY_INTERVAL = 100

/**
 * Waits until a port can be listened on, before anything is started that would need it.
 *
 * @param setting that the port comes from, for the error
 * @param use what it is for, when the setting alone does not say it
 * @throws PortInUseError when it is still in use after 3 s
 * @throws PortUnusableError when it cannot be listened on for another reason
 */
export async function waitForPort (setting: string, host: string, port: number, use = setting): Promise<void> {
  const end = performance.now() + RETRY_TIME
  while (await isInUse(use, host, port)) {
    if (performance.now() >= end) throw new PortInUseError(port, use, await describeHolder(port), setting)
    await pause(RETRY_INTERVAL)
  }
}

/** @throws PortUnusableError when it cannot be listened on for another reason */
export async function isInUse (use: string, host: string, port: number): Promise<boolean> {
  const server = createServer()
  try {
    await once(server.listen({ host, port, exclusive: true }), 'listening')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') return true
    throw new PortUnusableError(port, use, host, message)
  }
  server.close()
  await once(server, 'close')
  return false
}

async function describeHolder (port: number): Promise<string> {
  const holder = await findPortHolder(port)
  return holder === undefined ? 'another process' : `process ${holder.pid} (${holder.name})`
}
