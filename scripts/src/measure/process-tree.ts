import { readdirSync, readFileSync } from 'node:fs'

/** On Linux, `sysconf(_SC_CLK_TCK)` is 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100

interface ProcessStat {
  readonly parent: number
  /** Milliseconds of CPU time, in steps of 10. */
  readonly cpu: number
}

/**
 * @returns the process and all of its descendants, as `/proc` has them now; the process alone where there is no
 * `/proc`
 */
export function processTree (root: number): number[] {
  const childrenOf = new Map<number, number[]>()
  for (const pid of listProcesses()) {
    const parent = readStat(pid)?.parent
    if (parent !== undefined) childrenOf.set(parent, [...childrenOf.get(parent) ?? [], pid])
  }
  const tree = [root]
  for (const pid of tree) tree.push(...childrenOf.get(pid) ?? [])
  return tree
}

/** @returns the direct children of a process */
export function childrenOf (pid: number): number[] {
  return listProcesses().filter((child) => readStat(child)?.parent === pid)
}

/** @returns the CPU time that the processes have used so far, in milliseconds; 0 for those that have exited */
export function cpuTime (pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (readStat(pid)?.cpu ?? 0), 0)
}

/** @returns the CPU time of one process, exact where the kernel keeps schedule statistics of its threads */
export function exactCpuTime (pid: number): number {
  const threads = list(`/proc/${pid}/task`)
  const nanoseconds = threads.reduce((sum, thread) => sum + Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0] ?? 0), 0)
  return nanoseconds > 0 ? nanoseconds / 1e6 : cpuTime([pid])
}

/** @returns bytes in physical memory, shared pages included; 0 when the process has exited */
export function residentMemory (pid: number): number {
  return kilobytes(`/proc/${pid}/status`, /^VmRSS:\s+(\d+) kB$/m)
}

/**
 * @returns bytes in physical memory, each shared page divided among the processes that share it, so that
 * sums over processes count nothing twice; 0 when the process has exited
 */
export function proportionalMemory (pid: number): number {
  return kilobytes(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+) kB$/m)
}

function kilobytes (path: string, pattern: RegExp): number {
  return Number(pattern.exec(read(path))?.[1] ?? 0) * 1024
}

function listProcesses (): number[] {
  return list('/proc').filter((name) => /^\d+$/.test(name)).map(Number)
}

function list (path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function readStat (pid: number): ProcessStat | undefined {
  // The name of the program, in parentheses, may contain anything.
  const fields = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? []
  const [, parent, , , , , , , , , , user, system] = fields
  if (parent === undefined || fields.length < 13) return undefined
  return { parent: Number(parent), cpu: (Number(user) + Number(system)) * 1000 / TICKS_PER_SECOND }
}

/** A process may exit at any moment. */
function read (path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
