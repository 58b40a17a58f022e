import { readFileSync, writeFileSync } from 'node:fs'

import { assertWritable } from './run-outputs.ts'
import { parseRunRecord } from './run-record.ts'
import type { Output } from '../display/progress-display.ts'
import { UsageError } from '../command/usage-error.ts'
import { renderPicture } from './picture.ts'

export const PICTURE_USAGE = `Usage: npm run picture -- <run> <picture.svg>

Draws a run of the load test; <run> is a file of its --json or --report.
`

/** @returns the exit code */
export function drawPicture (args: readonly string[], { stdout, stderr }: { readonly stdout: Output, readonly stderr: Output }): number {
  const [run, picture] = args
  if (args.includes('--help')) {
    stdout.write(PICTURE_USAGE)
    return 0
  }
  try {
    if (run === undefined || picture === undefined || args.length > 2) {
      throw new UsageError(`${args.length} files are given: there must be two, the run and the picture`)
    }
    const record = parseRunRecord(read(run), run)
    assertWritable('the picture', picture)
    writeFileSync(picture, renderPicture(record))
    return 0
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    stderr.write(`${error.message} (--help says more)\n`)
    return 64
  }
}

function read (file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}
