import type { ClientCommand } from './command-line.ts'
import type { Context } from './context.ts'
import { readInstanceHint } from '../config/config.ts'
import { exitCodeOf } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'
import { Deadline } from './deadline.ts'
import { findInstance, type FoundInstance } from './find-instance.ts'
import { createOutput } from './output.ts'
import { reload } from './reload.ts'
import { scale } from './scale.ts'
import { status } from './status.ts'
import { stop } from './stop.ts'

type WaitingCommand = Exclude<ClientCommand, { command: 'status' }>

/** What continues when a command stops waiting. */
const AFTERWARDS: Readonly<Record<WaitingCommand['command'], string>> = {
  reload: 'the reload continues',
  scale: 'the service continues to start and stop workers',
  stop: 'the service continues to stop'
}

/** Finds the instance and runs a command on it; reports an error on standard error. */
export async function runCommand (command: ClientCommand, context: Context): Promise<ExitCode> {
  const { output, hint, interrupt, places } = context
  const socket = command.socket
  try {
    const instance = await findInstance({ socket, hint, interrupt, ...places === undefined ? {} : { places } })
    return command.command === 'status'
      ? await status(instance, command, output, interrupt)
      : await waitFor(instance, command, context)
  } catch (error) {
    output.warn(`baton: ${(error as Error).message}\n`)
    return exitCodeOf(error, ExitCode.forced)
  }
}

async function waitFor (
  instance: FoundInstance, command: WaitingCommand, { output, interrupt }: Context
): Promise<ExitCode> {
  const deadline = new Deadline(command.timeout, interrupt, AFTERWARDS[command.command])
  try {
    switch (command.command) {
      case 'reload': return await reload(instance, command, output, deadline.signal)
      case 'scale': return await scale(instance, command, output, deadline.signal)
      case 'stop': return await stop(instance, command, output, deadline.signal)
    }
  } finally {
    deadline.clear()
  }
}

/** Runs a command in this process, which exists for it alone. */
export async function runInTerminal (command: ClientCommand): Promise<ExitCode> {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => { controller.abort() })
  // The reader has gone, as after `| head`.
  process.stdout.on('error', () => { process.exit(ExitCode.forced) })
  return await runCommand(command, { output: createOutput(), hint: readInstanceHint(), interrupt: controller.signal })
}
