import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { program, ROOT } from './root.ts'

/** The program as users have it. */
const MAIN = join(ROOT, 'dist/main.js')

/** The same, module by module: what V8 counts in a bundle cannot be told from the packages in it. */
const UNBUNDLED = program('src/main.ts')

/** The test runner has its instruments loaded by these, and Node puts the latter back when it is taken out of an environment. */
const WITHOUT_INSTRUMENTS = ['/usr/bin/env', '-u', 'NODE_OPTIONS', '-u', 'NODE_V8_COVERAGE']

let isMeasured = false

/**
 * What this test starts counts in the coverage, when there is any. Each start takes twice the time then, so it is for
 * tests that run what no other test does.
 */
export function measurePrograms (t: Test): void {
  if (process.env.NODE_V8_COVERAGE === undefined) return
  isMeasured = true
  t.teardown(() => { isMeasured = false })
}

/** A program that counts in the coverage writes it when it exits. */
export function areProgramsMeasured (): boolean {
  return isMeasured
}

/**
 * @param main program, if it is not the one that this repository builds
 * @returns the command that runs it, for `spawn()`
 */
export function commandOf (main = isMeasured ? UNBUNDLED : MAIN): readonly string[] {
  if (!existsSync(main)) throw new Error(`${main} is missing: run \`npm run build\` first`)
  return [...isMeasured ? [] : WITHOUT_INSTRUMENTS, process.execPath, main]
}
