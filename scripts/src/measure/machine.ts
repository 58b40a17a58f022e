import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'

import { pathTo } from '../workspace.ts'

/** What a run ran on; figures of different machines cannot be compared. */
export interface Machine {
  readonly node: string
  readonly baton: string
  /** Used by some of the clients. */
  readonly undici: string
  readonly kernel: string
  readonly cpu: string
  /** How many CPUs this process may use. */
  readonly cpus: number
  readonly memoryBytes: number
}

export function readMachine (): Machine {
  return {
    node: process.version,
    baton: versionIn(pathTo('../package.json')),
    undici: versionIn(createRequire(import.meta.url).resolve('undici/package.json')),
    kernel: `${type()} ${release()}`,
    cpu: cpus()[0]?.model.trim() || 'unknown',
    cpus: availableParallelism(),
    memoryBytes: totalmem()
  }
}

/** @returns one line that says when and on what the figures were taken, and how busy that was before */
export function formatMachine (now: Date): string {
  const { node, kernel, cpus, cpu, memoryBytes } = readMachine()
  const load = loadavg().map((value) => value.toFixed(1)).join(', ')
  return [
    now.toISOString().slice(0, 16).replace('T', ' ') + ' UTC',
    `Node ${node}`,
    kernel,
    `${cpus} CPUs (${cpu})`,
    `${Math.round(memoryBytes / 2 ** 30)} GB of memory`,
    `load average ${load} at the start`
  ].join('; ')
}

function versionIn (file: string): string {
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
  return version
}
