import { spawn } from 'node:child_process'
import { once } from 'node:events'

import t from 'tap'

import { childrenOf, cpuTime, exactCpuTime, processTree, proportionalMemory, residentMemory } from '../../src/measure/process-tree.ts'

const WITHOUT_PROC = process.platform === 'linux' ? false : 'there is no /proc'
/** Above the highest pid that Linux gives. */
const UNUSED_PID = 2 ** 22 + 1
/** Starts a child, and like it waits for the end of standard input; its name could confuse a reader of /proc. */
const PARENT = `
  require('node:child_process').spawn(process.execPath, ['-e', 'process.stdin.resume().on("end", () => process.exit())'], { stdio: ['pipe', 'inherit', 'inherit'] })
    .on('spawn', () => console.log('ready'))
  process.title = 'a) R 1 (b'
  process.stdin.resume().on('end', () => process.exit())
`

await t.test('a tree is a process with all of its descendants', { skip: WITHOUT_PROC }, async (t) => {
  const parent = spawn(process.execPath, ['-e', PARENT], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(async () => { parent.stdin.end(); await once(parent, 'exit') })
  await once(parent.stdout, 'data')
  const pid = parent.pid as number
  const [child] = childrenOf(pid)

  t.equal(childrenOf(pid).length, 1)
  t.strictSame(processTree(pid), [pid, child])
  t.ok(processTree(process.pid).includes(child as number))
})

await t.test('CPU time is the same as the process itself reports', { skip: WITHOUT_PROC }, async (t) => {
  const until = performance.now() + 300
  while (performance.now() < until);
  const { user, system } = process.cpuUsage()
  const own = (user + system) / 1000

  t.ok(Math.abs(cpuTime([process.pid]) - own) < 0.2 * own, `${cpuTime([process.pid])} and ${own}`)
  t.ok(Math.abs(exactCpuTime(process.pid) - own) < 0.2 * own, `${exactCpuTime(process.pid)} and ${own}`)
})

await t.test('resident memory is the same as the process itself reports, and proportional memory is at most that', { skip: WITHOUT_PROC }, async (t) => {
  const own = process.memoryUsage().rss
  const resident = residentMemory(process.pid)

  t.ok(Math.abs(resident - own) < 0.2 * own, `${resident} and ${own}`)
  t.ok(proportionalMemory(process.pid) > 0)
  t.ok(proportionalMemory(process.pid) <= residentMemory(process.pid) * 1.2)
})

await t.test('a process that has exited uses nothing', async (t) => {
  t.strictSame(processTree(UNUSED_PID), [UNUSED_PID])
  t.equal(cpuTime([UNUSED_PID]), 0)
  t.equal(exactCpuTime(UNUSED_PID), 0)
  t.equal(residentMemory(UNUSED_PID), 0)
  t.equal(proportionalMemory(UNUSED_PID), 0)
})
