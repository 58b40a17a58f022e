import { accessSync, constants, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

import { readAssets } from './assets.ts'
import { renderPage } from './page.ts'
import { STDOUT, type CommandLine } from '../load-test/command-line.ts'
import type { Output } from '../display/progress-display.ts'
import { formatRunRecord, type RunRecord } from './run-record.ts'
import { UsageError } from '../command/usage-error.ts'

type Files = Pick<CommandLine, 'report' | 'json'>

/**
 * Nobody wants to hear after a run that its report cannot be written.
 *
 * @throws UsageError when a file cannot be
 */
export function checkOutputs ({ report, json }: Files): void {
  for (const [option, file] of [['--report', report], ['--json', json]] as const) {
    if (file !== undefined && file !== STDOUT) assertWritable(option, file)
  }
}

/** @param record is made only when somebody wants it */
export function writeOutputs ({ report, json }: Files, stdout: Output, record: () => RunRecord): void {
  if (report === undefined && json === undefined) return
  const made = record()
  const text = `${formatRunRecord(made)}\n`
  if (json === STDOUT) stdout.write(text)
  else if (json !== undefined) writeFileSync(json, text)
  if (report !== undefined) writeFileSync(report, renderPage(made, readAssets()))
}

export function assertWritable (option: string, file: string): void {
  try {
    const found = statSync(file, { throwIfNoEntry: false })
    if (found?.isDirectory() === true) throw new Error('it is a directory')
    accessSync(found === undefined ? dirname(file) : file, constants.W_OK)
  } catch (error) {
    throw new UsageError(`${option} is ${file}, which cannot be written: ${(error as Error).message}`, { cause: error })
  }
}
