import { setTimeout as pause } from 'node:timers/promises'
import type { StatusCommand } from './command-line.ts'
import type { Status } from '../protocol/control-api.ts'
import { ExitCode } from '../exit-codes.ts'
import { Client } from './client.ts'
import type { Instance } from './find-instance.ts'
import { LiveBlock } from './live-block.ts'
import type { Output } from './output.ts'
import { Patience } from './deadline.ts'
import { formatStatus, isServing } from './status-view.ts'

/** Milliseconds that a service has for each of its answers. */
const ANSWER_TIMEOUT = 10_000

/** Shows how the service is: once, or again and again until Ctrl-C. */
export async function status (
  { socket, status: first }: Instance, { json, watch }: StatusCommand, output: Output, interrupt: AbortSignal, answerTimeout = ANSWER_TIMEOUT
): Promise<ExitCode> {
  const block = new LiveBlock(output)
  const isRewritten = watch !== undefined && output.isTerminal && !json
  let current = first
  try {
    while (true) {
      if (json) output.write(`${JSON.stringify(current)}\n`)
      else if (isRewritten) block.show(formatStatus(current))
      else output.write(`${formatStatus(current).join('\n')}\n${watch === undefined ? '' : '\n'}`)
      if (watch === undefined) return isServing(current) ? ExitCode.ok : ExitCode.forced

      await pause(watch, undefined, { signal: interrupt })
      current = await ask(socket, interrupt, answerTimeout)
    }
  } catch (error) {
    // Ctrl-C is how one ends it.
    if (interrupt.aborted) return ExitCode.ok
    throw error
  /* c8 ignore next -- V8 counts a way out of the block above that there is not: it returns or throws */
  } finally {
    block.release()
  }
}

async function ask (socket: string, interrupt: AbortSignal, timeout: number): Promise<Status> {
  const patience = new Patience(timeout, interrupt, 'the service does not answer')
  try {
    return await new Client(socket, patience.signal).ask<Status>('GET', '/status')
  } finally {
    patience.end()
  }
}
