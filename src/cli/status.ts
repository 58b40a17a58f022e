import { setTimeout as pause } from 'node:timers/promises'
import type { StatusCommand } from './command-line.ts'
import type { Status } from '../protocol/control-api.ts'
import { ExitCode } from '../exit-codes.ts'
import { Client } from './client.ts'
import type { FoundInstance } from './find-instance.ts'
import { Deadline } from './deadline.ts'
import { LiveBlock } from './live-block.ts'
import type { Output } from './output.ts'
import { formatStatus, isServing } from './status-view.ts'

/** Milliseconds that the service may take for each answer. */
const ANSWER_TIMEOUT = 10_000

/** Shows the state of the service: once, or repeatedly until Ctrl-C. */
export async function status (
  { socket, status: first }: FoundInstance, { json, watch }: StatusCommand, output: Output, interrupt: AbortSignal,
  answerTimeout = ANSWER_TIMEOUT
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
    // Ctrl-C is the normal way to end `--watch`.
    if (interrupt.aborted) return ExitCode.ok
    throw error
  /* c8 ignore next -- V8 counts an exit from the block above that does not exist: it returns or throws */
  } finally {
    block.release()
  }
}

async function ask (socket: string, interrupt: AbortSignal, timeout: number): Promise<Status> {
  const deadline = new Deadline(timeout, interrupt, 'the service does not answer')
  try {
    return await new Client(socket, deadline.signal).ask<Status>('GET', '/status')
  } finally {
    deadline.clear()
  }
}
