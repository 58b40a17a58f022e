import { loadavg } from 'node:os'

import { describeMachine as readMachine } from './machine.ts'

/** @returns one line that says what the figures were taken on, and how busy that was before */
export function describeMachine (now: Date): string {
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
