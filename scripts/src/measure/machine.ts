import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'

import { pathTo } from '../workspace.ts'

/** What a run ran on; figures of different ones do not compare. */
export interface Machine {
  readonly node: string
  readonly baton: string
  /** Of the clients. */
  readonly undici: string
  readonly kernel: string
  readonly cpu: string
  /** That this process may use. */
  readonly cpus: number
  readonly memoryBytes: number
}

export function describeMachine (): Machine {
  const require = createRequire(import.meta.url)
  return {
    node: process.version,
    baton: versionIn(pathTo('../package.json')),
    undici: versionIn(require.resolve('undici/package.json')),
    kernel: `${type()} ${release()}`,
    cpu: cpus()[0]?.model.trim() || 'unknown',
    cpus: availableParallelism(),
    memoryBytes: totalmem()
  }
}

function versionIn (file: string): string {
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
  return version
}
