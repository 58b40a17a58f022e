import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'

type ReadText = (path: string) => string | undefined

const V1_CPU_FOLDERS = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/cpu,cpuacct']

/**
 * How many workers `WORKERS=auto` means: the CPUs this process may run on, and no more than the
 * CPU quota of its cgroup, rounded up.
 *
 * Node 20's `availableParallelism()` does not look at the quota (from 22 on it does), and a pool of
 * 64 workers in a container of two CPUs spends its time being throttled.
 *
 * @param cpus CPUs without regard to quotas
 * @param read gives the text of a file, or nothing when it cannot be read
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

/** A quota on any level above binds too; a container sees its own cgroup as the root. */
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
