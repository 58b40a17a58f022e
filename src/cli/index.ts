import type { ClientCommand } from './command-line.ts'
import { readInstanceHint } from '../config/config.ts'
import { exitCodeOf } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'
import { findInstance, type Instance } from './find-instance.ts'
import { createOutput } from './output.ts'
import { Patience } from './deadline.ts'
import { reload } from './reload.ts'
import { scale } from './scale.ts'
import { status } from './status.ts'
import { stop } from './stop.ts'
import type { Surroundings } from './context.ts'

/** What happens when nobody waits any more. */
const GOES_ON = {
  reload: 'the reload is still under way and goes on',
  scale: 'the service goes on starting and relieving workers',
  stop: 'the service goes on stopping'
}

/** Runs a command on the instance that is meant; an error is reported on standard error. */
export async function runCommand (command: ClientCommand, surroundings: Surroundings): Promise<ExitCode> {
  const { output, hint, interrupt, places } = surroundings
  try {
    const instance = await findInstance({ socket: command.socket, hint, interrupt, ...places === undefined ? {} : { places } })
    return command.command === 'status'
      ? await status(instance, command, output, interrupt)
      : await waitFor(instance, command, surroundings)
  } catch (error) {
    output.warn(`baton: ${(error as Error).message}\n`)
    return exitCodeOf(error, ExitCode.forced)
  }
}

async function waitFor (instance: Instance, command: Exclude<ClientCommand, { command: 'status' }>, { output, interrupt }: Surroundings): Promise<ExitCode> {
  const patience = new Patience(command.timeout, interrupt, GOES_ON[command.command])
  try {
    if (command.command === 'reload') return await reload(instance, command, output, patience.signal)
    if (command.command === 'scale') return await scale(instance, command, output, patience.signal)
    return await stop(instance, command, output, patience.signal)
  } finally {
    patience.end()
  }
}

/** Runs a command in this process, which has nothing else to do. */
export async function runInTerminal (command: ClientCommand): Promise<ExitCode> {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => { controller.abort() })
  // Nobody reads any more, as after `| head`: there is nobody to tell.
  process.stdout.on('error', () => { process.exit(ExitCode.forced) })
  return await runCommand(command, { output: createOutput(), hint: readInstanceHint(), interrupt: controller.signal })
}
