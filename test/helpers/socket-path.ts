import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** @returns the path of a socket in a folder of its own; the folders of tap have names that are too long for one */
export function createSocketPath (t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'baton-'))
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  return join(folder, 's')
}
