import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { BUILD, hasCode, ROOT, sourcesIn } from './files.mjs'
import { run } from './processes.mjs'

const FOLDER = join(BUILD, 'coverage')
const RAW = join(FOLDER, 'raw')
const C8 = createRequire(import.meta.url).resolve('c8/bin/c8.js')

/** Forgets what was counted before. */
export function clearCoverage () {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(RAW, { recursive: true })
}

/** Has V8 count in a process, and in those that it starts. */
export const COVERED = { NODE_V8_COVERAGE: RAW }

/**
 * Fails unless every line, branch and function of src/ was run.
 *
 * @returns whether that is so, and the report of what is missing
 */
export async function checkCoverage () {
  const { isOk, output } = await run(process.execPath, [
    C8, 'report', '--100', '--skip-full', '--reporter=text', '--reporter=json-summary', '--exclude-after-remap', '--include=src/**',
    `--temp-directory=${RAW}`, `--reports-dir=${FOLDER}`
  ])
  // A file that no process loaded is not in the report, and would make it no worse.
  const reported = new Set(Object.keys(JSON.parse(readFileSync(join(FOLDER, 'coverage-summary.json'), 'utf8'))))
  const missing = sourcesIn('src').filter((file) => !reported.has(join(ROOT, file)) && hasCode(file))
  return { isOk: isOk && missing.length === 0, output: [output, ...missing.map((file) => `no test loads ${file}\n`)].join('') }
}
