import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { PortInUseError, PortUnusableError } from '../../errors.ts'
import { findPortHolder, type PortHolder } from './proc-net.ts'

/** Milliseconds for which a port in use is tried again: a stopping instance may be about to release it. */
const RETRY_TIME = 3_000
const RETRY_INTERVAL = 100

/**
 * Waits until it is possible to listen on a port, before anything that needs it is started.
 *
 * @param setting that the port comes from, for the error
 * @param use what the port is for, when the setting alone does not make it clear
 * @throws PortInUseError when it is still in use after 3 s
 * @throws PortUnusableError when listening on it fails for another reason
 */
export async function waitForPort (setting: string, host: string, port: number, use = setting): Promise<void> {
  const end = performance.now() + RETRY_TIME
  while (await isInUse(use, host, port)) {
    if (performance.now() >= end) throw new PortInUseError(port, use, describeHolder(await findPortHolder(port)), setting)
    await pause(RETRY_INTERVAL)
  }
}

/** @throws PortUnusableError when listening on it fails for another reason */
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

/** @returns who holds a port, as a phrase */
export function describeHolder (holder: PortHolder | undefined): string {
  return holder === undefined ? 'another process' : `process ${holder.pid} (${holder.name})`
}
