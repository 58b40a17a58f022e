import { setTimeout as pause } from 'node:timers/promises'
import type { ScaleCommand } from './command-line.ts'
import type { Status } from '../protocol/control-api.ts'
import { RequestRefusedError } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'
import { Client } from './client.ts'
import type { FoundInstance } from './find-instance.ts'
import { LiveBlock } from './live-block.ts'
import type { Output } from './output.ts'

/** Milliseconds. */
const POLL_INTERVAL = 200

/** Changes the number of workers, and waits until exactly that many are ready. */
export async function scale (
  { socket, status: before }: FoundInstance, { workers, json }: ScaleCommand, output: Output, signal: AbortSignal
): Promise<ExitCode> {
  const client = new Client(socket, signal)
  const block = new LiveBlock(output)
  await client.ask('POST', '/scale', { workers })
  if (!json) output.write(`${before.wanted} → ${workers} workers\n`)

  try {
    while (true) {
      const status = await client.ask<Status>('GET', '/status')
      if (status.wanted !== workers) {
        throw new RequestRefusedError(`another request changed the number of workers to ${status.wanted} meanwhile`)
      }
      const ready = readySlots(status)
      if (isReached(ready, workers)) break
      if (!json) block.show([`${ready.size} ready, ${workers} wanted`])
      await pause(POLL_INTERVAL, undefined, { signal }).catch(() => { throw signal.reason })
    }
  } finally {
    block.clear()
  }
  if (json) output.write(`${JSON.stringify({ workers })}\n`)
  else output.write(`${workers} worker${workers === 1 ? ' is' : 's are'} ready\n`)
  return ExitCode.ok
}

/** Slots and not workers: during a reload a slot may have two that are ready. */
function readySlots ({ workers }: Status): Set<number> {
  return new Set(workers.filter(({ state }) => state === 'ready').map(({ slot }) => slot))
}

function isReached (ready: ReadonlySet<number>, workers: number): boolean {
  return ready.size === workers && Math.max(...ready) < workers
}
