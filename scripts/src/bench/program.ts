import { ExitCode } from '../command/command-error.ts'
import { runCommand, type Outputs } from '../command/command.ts'
import { formatMarkdownTable } from '../display/markdown-table.ts'
import { formatMachine } from '../measure/machine.ts'
import { parseBench, usage, type BenchCommandLine } from './command-line.ts'
import { idle } from './idle.ts'
import { memory } from './memory.ts'
import { overhead } from './overhead.ts'
import { reloadCost } from './reload-cost.ts'
import { scaling } from './scaling.ts'
import type { BenchPaths, Part, Section } from './section.ts'
import { start } from './start.ts'

export const PARTS: readonly Part[] = [overhead, scaling, start, memory, reloadCost, idle]

export interface BenchContext extends Outputs {
  readonly env: NodeJS.ProcessEnv
  readonly paths: BenchPaths
}

/**
 * Runs the bench from its command line to its report. A part that cannot be measured gives the reason, and the others
 * follow.
 *
 * @param context `stdout` gets the report, `stderr` what is being done
 * @returns the exit code: it never depends on a figure
 */
export async function bench (args: readonly string[], context: BenchContext): Promise<number> {
  const names = PARTS.map(({ name }) => name)
  return await runCommand({ usage: usage(names), parse: (args) => parseBench(args, names), run: runBench }, args, context)
}

async function runBench ({ parts, rounds, duration, idleConnections }: BenchCommandLine, { stdout, stderr, env, paths }: BenchContext): Promise<number> {
  const log = (text: string): void => { stderr.write(`${text}\n`) }
  let code: number = ExitCode.ok
  stdout.write(`Measured ${formatMachine(new Date())}; ${rounds} rounds, ${duration / 1000} s a measurement. Medians, with the lowest and the highest.\n`)
  for (const part of PARTS.filter(({ name }) => parts.includes(name))) {
    try {
      stdout.write(`\n${formatSection(await part.run({ rounds, duration, idleConnections, env, paths, log }))}\n`)
    } catch (error) {
      stdout.write(`\n### ${part.name}\n\nNot measured: ${(error as Error).message}\n`)
      code = ExitCode.failed
    }
  }
  return code
}

export function formatSection ({ title, header, rows, sentences }: Section): string {
  return [`### ${title}`, '', ...formatMarkdownTable(header, rows), '', ...sentences].join('\n')
}
