import type { Output } from '../display/progress-display.ts'
import { UsageError } from '../command/usage-error.ts'
import { describeMachine } from '../measure/machine-line.ts'
import { formatMarkdownTable } from '../display/markdown-table.ts'
import { parseBench, usage } from './command-line.ts'
import { idle } from './idle.ts'
import { memory } from './memory.ts'
import { overhead } from './overhead.ts'
import { reloadCost } from './reload-cost.ts'
import { scaling } from './scaling.ts'
import type { BenchPaths, Part, Section } from './section.ts'
import { start } from './start.ts'

export const PARTS: readonly Part[] = [overhead, scaling, start, memory, reloadCost, idle]

export const ExitCode = { ok: 0, failed: 1, usage: 64 } as const

export interface BenchSurroundings {
  /** The report. */
  readonly stdout: Output
  /** What is being done. */
  readonly stderr: Output
  readonly env: NodeJS.ProcessEnv
  readonly paths: BenchPaths
}

/**
 * The bench from its command line to its report. A part that cannot be measured says why, and the others follow.
 *
 * @returns the exit code: a figure never makes it fail
 */
export async function bench (args: readonly string[], { stdout, stderr, env, paths }: BenchSurroundings): Promise<number> {
  const names = PARTS.map(({ name }) => name)
  try {
    const { parts, wantsHelp, ...settings } = parseBench(args, names)
    if (wantsHelp) {
      stdout.write(usage(names))
      return ExitCode.ok
    }
    let code: number = ExitCode.ok
    stdout.write(`Measured ${describeMachine(new Date())}; ${settings.rounds} rounds, ${settings.duration / 1000} s a measurement. Medians, with the least and the greatest.\n`)
    for (const part of PARTS.filter(({ name }) => parts.includes(name))) {
      try {
        stdout.write(`\n${formatSection(await part.run({ ...settings, env, paths, tell: (text) => { stderr.write(`${text}\n`) } }))}\n`)
      } catch (error) {
        stdout.write(`\n### ${part.name}\n\nNot measured: ${(error as Error).message}\n`)
        code = ExitCode.failed
      }
    }
    return code
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    stderr.write(`${error.message} (--help lists the options)\n`)
    return ExitCode.usage
  }
}

export function formatSection ({ title, header, rows, sentences }: Section): string {
  return [`### ${title}`, '', ...formatMarkdownTable(header, rows), '', ...sentences].join('\n')
}
