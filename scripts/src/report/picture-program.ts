import { readFileSync, writeFileSync } from 'node:fs'

import { ExitCode, UsageError } from '../command/command-error.ts'
import { runCommand, type Outputs } from '../command/command.ts'
import { renderPicture } from './picture.ts'
import { assertWritable } from './run-outputs.ts'
import { parseRunRecord } from './run-record.ts'

interface CommandLine {
  readonly files: readonly string[]
  readonly wantsHelp: boolean
}

const USAGE = `Usage: npm run picture -- <run> <picture.svg>

Draws a run of the load test; <run> is a file that its --json or --report has written.
`

/** @returns the exit code */
export async function picture (args: readonly string[], context: Outputs): Promise<number> {
  return await runCommand({ usage: USAGE, parse: parseCommandLine, run: drawPicture }, args, context)
}

function parseCommandLine (args: readonly string[]): CommandLine {
  return { files: args, wantsHelp: args.includes('--help') }
}

async function drawPicture ({ files }: CommandLine): Promise<number> {
  const [run, picture] = files
  if (run === undefined || picture === undefined || files.length > 2) {
    throw new UsageError(`${files.length} files are given: there must be two, the run and the picture`)
  }
  const record = parseRunRecord(read(run), run)
  assertWritable('the picture', picture)
  writeFileSync(picture, renderPicture(record))
  return ExitCode.ok
}

function read (file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}
