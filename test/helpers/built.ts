import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

/** The program as users have it. */
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** The same, module by module: what V8 counts in a bundle cannot be told from the packages in it. */
const UNBUNDLED = fileURLToPath(new URL('../../dist-unbundled/main.js', import.meta.url))

/** The test runner has its instruments loaded by this, and puts it back whenever it is taken out of an environment. */
const WITHOUT_INSTRUMENTS = ['/usr/bin/env', '-u', 'NODE_OPTIONS']

let isMeasured = false

/** What this test starts counts in the coverage. Each start takes twice the time then, so it is for those that run what no other test does. */
export function measurePrograms (t: Test): void {
  isMeasured = true
  t.teardown(() => { isMeasured = false })
}

/** Whoever counts in the coverage writes it at its exit. */
export function areProgramsMeasured (): boolean {
  return isMeasured
}

/**
 * @param main program, if it is not the one that this repository builds
 * @returns the command that runs it, for `spawn()`
 */
export function commandOf (main = isMeasured ? UNBUNDLED : MAIN): readonly string[] {
  return [...isMeasured ? [] : WITHOUT_INSTRUMENTS, process.execPath, main]
}
