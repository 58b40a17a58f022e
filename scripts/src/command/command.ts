import { parseArgs, type ParseArgsConfig } from 'node:util'

import type { Output } from '../display/progress-display.ts'
import { ServiceStartError } from '../service/started-service.ts'
import { UsageError } from './usage-error.ts'

export interface Surroundings {
  readonly stdout: Output
  readonly stderr: Output
  readonly env: NodeJS.ProcessEnv
  /** The program to start when the command line names none. */
  readonly program: string
  /** Ends the run early. */
  readonly signal: AbortSignal
}

export const ExitCode = { ok: 0, failed: 1, usage: 64 } as const

/** A program of this folder. */
export interface Command<CommandLine extends { readonly wantsHelp: boolean }> {
  readonly usage: string
  /** @throws UsageError */
  readonly parse: (args: readonly string[]) => CommandLine
  /**
   * @returns the exit code
   * @throws UsageError when the command line turns out to be wrong
   * @throws ServiceStartError when the service does not start
   */
  readonly run: (commandLine: CommandLine, surroundings: Surroundings) => Promise<number>
}

/**
 * Runs a program from its command line to its verdict.
 *
 * @returns the exit code
 */
export async function runCommand<CommandLine extends { readonly wantsHelp: boolean }> (
  { usage, parse, run }: Command<CommandLine>, args: readonly string[], surroundings: Surroundings
): Promise<number> {
  const { stdout, stderr } = surroundings
  try {
    const commandLine = parse(args)
    if (!commandLine.wantsHelp) return await run(commandLine, surroundings)
    stdout.write(usage)
    return ExitCode.ok
  } catch (error) {
    if (error instanceof UsageError) {
      stderr.write(`${error.message} (--help lists the options)\n`)
      return ExitCode.usage
    }
    if (error instanceof ServiceStartError) {
      stderr.write(`${error.message}\n`)
      return ExitCode.failed
    }
    throw error
  }
}

/**
 * @param options as `parseArgs()` of Node takes them
 * @throws UsageError
 */
export function parseOptions<Options extends NonNullable<ParseArgsConfig['options']>> (args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    // Its first sentence says what is wrong, the others how to quote.
    throw new UsageError((error as Error).message.split('. ')[0], { cause: error })
  }
}
