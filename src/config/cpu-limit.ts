import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'

type ReadText = (path: string) => string | undefined

const V1_CPU_FOLDERS = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/cpu,cpuacct']

/**
 * The number of workers that `WORKERS=auto` stands for: the CPUs that this process may run on, but at most the
 * CPU quota of its cgroup, rounded up.
 *
 * Node 20's `availableParallelism()` ignores the quota (22 and later respect it), and 64 workers in a container
 * with two CPUs would be throttled most of the time.
 *
 * @param cpus number of CPUs, ignoring quotas
 * @param read returns the text of a file, or undefined when it cannot be read
 * @returns at least 1
 */
export function cpuLimit (cpus = availableParallelism(), read: ReadText = readText): number {
  const quotas = [...quotasV2(read), ...quotasV1(read)]
  return Math.max(1, Math.min(cpus, ...quotas.map(Math.ceil)))
}

function quotasV2 (read: ReadText): number[] {
  return ancestors(cgroupPath(read, '0', '')).flatMap((folder) => {
    const [quota, period] = (read(join('/sys/fs/cgroup', folder, 'cpu.max')) ?? '').trim().split(' ')
    return cpusOf(quota, period)
  })
}

function quotasV1 (read: ReadText): number[] {
  return ancestors(cgroupPath(read, undefined, 'cpu')).flatMap((folder) =>
    V1_CPU_FOLDERS.flatMap((mount) => cpusOf(
      read(join(mount, folder, 'cpu.cfs_quota_us')),
      read(join(mount, folder, 'cpu.cfs_period_us'))
    ))
  )
}

/** An unlimited quota is `max` in version 2 and -1 in version 1. */
function cpusOf (quota: string | undefined, period: string | undefined): number[] {
  const cpus = Number(quota) / Number(period)
  return Number.isFinite(cpus) && cpus > 0 ? [cpus] : []
}

/** Each line of /proc/self/cgroup is `hierarchy:controllers:path`; version 2 is hierarchy 0. */
function cgroupPath (read: ReadText, hierarchy: string | undefined, controller: string): string {
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const [id, controllers = '', ...path] = line.split(':')
    if ((hierarchy === undefined || id === hierarchy) && controllers.split(',').includes(controller)) {
      return path.join(':')
    }
  }
  return '/'
}

/** Quotas of all levels above apply too; a container sees its own cgroup as the root. */
function ancestors (path: string): string[] {
  const above = dirname(path)
  return above === path ? [path] : [path, ...ancestors(above)]
}

function readText (path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
