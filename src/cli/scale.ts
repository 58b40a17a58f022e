import { setTimeout as pause } from 'node:timers/promises'
import type { ScaleCommand } from './command-line.ts'
import type { Status } from '../protocol/control-api.ts'
import { RequestRefusedError } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'
import { Client } from './client.ts'
import type { Instance } from './find-instance.ts'
import { LiveBlock } from './live-block.ts'
import type { Output } from './output.ts'

/** Milliseconds between two looks. */
const INTERVAL = 200

/** Asks for so many workers, and waits until they are ready and no other is. */
export async function scale (
  { socket, status: before }: Instance, { workers, json }: ScaleCommand, output: Output, signal: AbortSignal
): Promise<ExitCode> {
  const client = new Client(socket, signal)
  const block = new LiveBlock(output)
  await client.ask('POST', '/scale', { workers })
  if (!json) output.write(`${before.wanted} → ${workers} workers\n`)

  try {
    while (true) {
      const status = await client.ask<Status>('GET', '/status')
      if (status.wanted !== workers) throw new RequestRefusedError(`somebody else asked for ${status.wanted} workers meanwhile`)
      const ready = readySlots(status)
      if (isReached(ready, workers)) break
      if (!json) block.show([`${ready.size} ready, ${workers} wanted`])
      await pause(INTERVAL, undefined, { signal }).catch(() => { throw signal.reason })
    }
  } finally {
    block.clear()
  }
  output.write(json ? `${JSON.stringify({ workers })}\n` : `${workers} worker${workers === 1 ? ' is' : 's are'} ready\n`)
  return ExitCode.ok
}

/** A slot is ready also while a reload replaces its worker. */
function readySlots ({ workers }: Status): Set<number> {
  return new Set(workers.filter(({ state }) => state === 'ready').map(({ slot }) => slot))
}

function isReached (ready: ReadonlySet<number>, workers: number): boolean {
  return ready.size === workers && Math.max(...ready) < workers
}
