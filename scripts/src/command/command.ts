import { CommandError, ExitCode } from './command-error.ts'
import type { Output } from './output.ts'

/** What every program of this workspace is given. */
export interface Outputs {
  readonly stdout: Output
  readonly stderr: Output
}

/** What a program is given that starts the service. */
export interface CommandContext extends Outputs {
  readonly env: NodeJS.ProcessEnv
  /** The program to start when the command line names none. */
  readonly program: string
  /** Ends the run early. */
  readonly signal: AbortSignal
}

export interface Command<CommandLine extends { readonly wantsHelp: boolean }, Context extends Outputs> {
  readonly usage: string
  /** @throws UsageError */
  readonly parse: (args: readonly string[]) => CommandLine
  /**
   * @returns the exit code
   * @throws CommandError when the command line turns out to be wrong, or the service does not start
   */
  readonly run: (commandLine: CommandLine, context: Context) => Promise<number>
}

/**
 * Runs a program from its command line to its end.
 *
 * @returns the exit code
 */
export async function runCommand<CommandLine extends { readonly wantsHelp: boolean }, Context extends Outputs> (
  { usage, parse, run }: Command<CommandLine, Context>, args: readonly string[], context: Context
): Promise<number> {
  try {
    const commandLine = parse(args)
    if (!commandLine.wantsHelp) return await run(commandLine, context)
    context.stdout.write(usage)
    return ExitCode.ok
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    context.stderr.write(`${error.message}${error.exitCode === ExitCode.usage ? ' (--help lists the options)' : ''}\n`)
    return error.exitCode
  }
}
