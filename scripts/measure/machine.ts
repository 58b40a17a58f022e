import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'

/** @returns one line that says what the figures were taken on, and how busy that was before */
export function describeMachine (now: Date): string {
  const load = loadavg().map((value) => value.toFixed(1)).join(', ')
  return [
    now.toISOString().slice(0, 16).replace('T', ' ') + ' UTC',
    `Node ${process.version}`,
    `${type()} ${release()}`,
    `${availableParallelism()} CPUs (${cpus()[0]?.model.trim() ?? 'unknown'})`,
    `${Math.round(totalmem() / 2 ** 30)} GB of memory`,
    `load average ${load} at the start`
  ].join('; ')
}
