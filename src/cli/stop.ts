import { setTimeout as pause } from 'node:timers/promises'
import type { StopCommand } from './command-line.ts'
import { ExitCode } from '../exit-codes.ts'
import { Client } from './client.ts'
import type { FoundInstance } from './find-instance.ts'
import { LiveBlock } from './live-block.ts'
import type { Output } from './output.ts'

/** Milliseconds. */
const POLL_INTERVAL = 20

/** Stops the service, and waits until its process has exited. */
export async function stop (
  { socket, status: { pid } }: FoundInstance, { json }: StopCommand, output: Output, signal: AbortSignal,
  isRunning = isAlive
): Promise<ExitCode> {
  const client = new Client(socket, signal)
  const block = new LiveBlock(output)
  // The pid that a service in a container reports may not exist outside of it.
  const hasExited = isRunning(pid) ? () => !isRunning(pid) : () => true
  if (!json) block.show([`stopping process ${pid}`])

  try {
    const { code } = await client.ask<{ code: number }>('POST', '/stop', {})
    while (await answers(client, signal) || !hasExited()) {
      await pause(POLL_INTERVAL, undefined, { signal }).catch(() => { throw signal.reason })
    }
    block.clear()
    if (json) output.write(`${JSON.stringify({ code })}\n`)
    else if (code === 0) output.write('stopped\n')
    else output.warn(`baton: stopped with code ${code}: the stop was forced, or requests were cut\n`)
    return code === 0 ? ExitCode.ok : ExitCode.forced
  } finally {
    block.clear()
  }
}

async function answers (client: Client, signal: AbortSignal): Promise<boolean> {
  try {
    await client.ask('GET', '/status')
    return true
  } catch (error) {
    if (signal.aborted) throw error
    return false
  }
}

function isAlive (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // EPERM: the process exists, but belongs to another user.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
