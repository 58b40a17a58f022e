import t from 'tap'
import { cpuLimit } from '../../src/config/cpu-limit.ts'

type Files = Readonly<Record<string, string>>

const V1 = '/sys/fs/cgroup/cpu,cpuacct'
const V2 = '/sys/fs/cgroup'

const v1 = (folder: string, quota: string): Files => ({
  [`${folder}/cpu.cfs_quota_us`]: `${quota}\n`,
  [`${folder}/cpu.cfs_period_us`]: '100000\n'
})

const ROWS: ReadonlyArray<readonly [title: string, files: Files, limit: number]> = [
  ['there is no cgroup', {}, 8],
  ['version 2, no limit', { '/proc/self/cgroup': '0::/\n', [`${V2}/cpu.max`]: 'max 100000\n' }, 8],
  ['version 2, whole CPUs', { '/proc/self/cgroup': '0::/\n', [`${V2}/cpu.max`]: '300000 100000\n' }, 3],
  ['version 2, rounded up', { '/proc/self/cgroup': '0::/\n', [`${V2}/cpu.max`]: '210000 100000\n' }, 3],
  ['version 2, a tenth of a CPU', { '/proc/self/cgroup': '0::/\n', [`${V2}/cpu.max`]: '10000 100000\n' }, 1],
  ['version 2, another period', { '/proc/self/cgroup': '0::/\n', [`${V2}/cpu.max`]: '100000 50000\n' }, 2],
  ['version 2, more than there are', { '/proc/self/cgroup': '0::/\n', [`${V2}/cpu.max`]: '6400000 100000\n' }, 8],
  ['version 2, a group inside', { '/proc/self/cgroup': '0::/a.slice/b:c.service\n', [`${V2}/a.slice/b:c.service/cpu.max`]: '200000 100000\n' }, 2],
  ['version 2, the tightest of the groups around it binds', {
    '/proc/self/cgroup': '0::/a/b/c\n',
    [`${V2}/a/b/c/cpu.max`]: '400000 100000\n',
    [`${V2}/a/b/cpu.max`]: 'max 100000\n',
    [`${V2}/a/cpu.max`]: '150000 100000\n'
  }, 2],
  ['version 2, a group beside it does not', { '/proc/self/cgroup': '0::/a\n', [`${V2}/b/cpu.max`]: '100000 100000\n' }, 8],
  ['version 2, not to be read', { '/proc/self/cgroup': '0::/a\n', [`${V2}/a/cpu.max`]: '' }, 8],
  ['version 2, without a file that names the group', { [`${V2}/cpu.max`]: '200000 100000\n' }, 2],
  ['version 1, no limit', { '/proc/self/cgroup': '4:cpu,cpuacct:/\n', ...v1(V1, '-1') }, 8],
  ['version 1, rounded up', { '/proc/self/cgroup': '4:cpu,cpuacct:/\n', ...v1(V1, '250000') }, 3],
  ['version 1, mounted as cpu', { '/proc/self/cgroup': '4:cpu:/\n', ...v1('/sys/fs/cgroup/cpu', '250000') }, 3],
  ['version 1, a group inside', { '/proc/self/cgroup': '5:cpuset:/x\n4:cpuacct,cpu:/docker/1f\n', ...v1(`${V1}/docker/1f`, '100000') }, 1],
  ['version 1, a container that sees its own group as the root', { '/proc/self/cgroup': '4:cpu,cpuacct:/docker/1f\n', ...v1(V1, '100000') }, 1],
  ['version 1, cpuset is not cpu', { '/proc/self/cgroup': '5:cpuset:/x\n', ...v1(`${V1}/x`, '100000') }, 8],
  ['version 1, without its period', { '/proc/self/cgroup': '4:cpu:/\n', [`${V1}/cpu.cfs_quota_us`]: '100000\n' }, 8],
  ['both versions', { '/proc/self/cgroup': '4:cpu,cpuacct:/a\n0::/b\n', ...v1(`${V1}/a`, '500000'), [`${V2}/b/cpu.max`]: '400000 100000\n' }, 4]
]

for (const [title, files, limit] of ROWS) {
  await t.test(`the CPUs of a machine with eight: ${title}`, async (t) => {
    t.equal(cpuLimit(8, (path) => files[path]), limit)
  })
}

await t.test('there is always room for one worker', async (t) => {
  t.equal(cpuLimit(0, () => undefined), 1)
})

await t.test('the limit of this machine is at least one', async (t) => {
  const limit = cpuLimit()

  t.ok(Number.isInteger(limit) && limit >= 1, `${limit}`)
})
