import { accessSync, constants, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

import { UsageError } from '../command/command-error.ts'
import type { Output } from '../command/output.ts'
import { STDOUT, type CommandLine } from '../load-test/command-line.ts'
import { readAssets } from './assets.ts'
import { renderPage } from './page.ts'
import { formatRunRecord, type RunRecord } from './run-record.ts'

type Files = Pick<CommandLine, 'report' | 'json'>

/**
 * Checks before a run that its files can be written.
 *
 * @throws UsageError when one cannot
 */
export function checkOutputs ({ report, json }: Files): void {
  for (const [option, file] of [['--report', report], ['--json', json]] as const) {
    if (file !== undefined && file !== STDOUT) assertWritable(option, file)
  }
}

/** @param record is called only when it is needed */
export function writeOutputs ({ report, json }: Files, stdout: Output, record: () => RunRecord): void {
  if (report === undefined && json === undefined) return
  const runRecord = record()
  const text = `${formatRunRecord(runRecord)}\n`
  if (json === STDOUT) stdout.write(text)
  else if (json !== undefined) writeFileSync(json, text)
  if (report !== undefined) writeFileSync(report, renderPage(runRecord, readAssets()))
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
