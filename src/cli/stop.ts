import { setTimeout as pause } from 'node:timers/promises'
import type { StopCommand } from './command-line.ts'
import { ExitCode } from '../exit-codes.ts'
import { Client } from './client.ts'
import type { Instance } from './find-instance.ts'
import { LiveBlock } from './live-block.ts'
import type { Output } from './output.ts'

/** Milliseconds between two looks. */
const INTERVAL = 20

/** Has the service stop, and waits until its process is gone. */
export async function stop (
  { socket, status: { pid } }: Instance, { json }: StopCommand, output: Output, signal: AbortSignal, isThere = isAlive
): Promise<ExitCode> {
  const client = new Client(socket, signal)
  const block = new LiveBlock(output)
  // In a container of its own it has another number than it says.
  const isGone = isThere(pid) ? () => !isThere(pid) : () => true
  if (!json) block.show([`stopping process ${pid}`])

  try {
    const { code } = await client.ask<{ code: number }>('POST', '/stop', {})
    while (await answers(client, signal) || !isGone()) {
      await pause(INTERVAL, undefined, { signal }).catch(() => { throw signal.reason })
    }
    block.clear()
    if (json) output.write(`${JSON.stringify({ code })}\n`)
    else if (code === 0) output.write('stopped\n')
    else output.warn(`baton: stopped with code ${code}: it was forced, or requests were cut\n`)
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
    // EPERM: it is there, and another user's.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
