import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'

import { childrenOf, cpuTime, exactCpuTime, processTree, proportionalMemory, residentMemory } from '../../src/measure/process-tree.ts'

const WITHOUT_PROC = process.platform === 'linux' ? false : 'there is no /proc'
/** Nobody has it: pids end below. */
const NOBODY = 2 ** 22 + 1
/** Starts another that waits, then waits itself, for the end of standard input; its name has what could confuse a reader of /proc. */
const PARENT = `
  require('node:child_process').spawn(process.execPath, ['-e', 'process.stdin.resume().on("end", () => process.exit())'], { stdio: ['pipe', 'inherit', 'inherit'] })
    .on('spawn', () => console.log('ready'))
  process.title = 'a) R 1 (b'
  process.stdin.resume().on('end', () => process.exit())
`

await t.test('a tree is a process with its children and theirs', { skip: WITHOUT_PROC }, async (t) => {
  const parent = spawn(process.execPath, ['-e', PARENT], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(async () => { parent.stdin.end(); await once(parent, 'exit') })
  await once(parent.stdout, 'data')
  const pid = parent.pid as number
  const [child] = childrenOf(pid)

  t.equal(childrenOf(pid).length, 1)
  t.strictSame(processTree(pid), [pid, child])
  t.ok(processTree(process.pid).includes(child as number))
})

await t.test('CPU time is that which the process knows of itself', { skip: WITHOUT_PROC }, async (t) => {
  const until = performance.now() + 300
  while (performance.now() < until);
  const { user, system } = process.cpuUsage()
  const own = (user + system) / 1000

  t.ok(Math.abs(cpuTime([process.pid]) - own) < 0.2 * own, `${cpuTime([process.pid])} and ${own}`)
  t.ok(Math.abs(exactCpuTime(process.pid) - own) < 0.2 * own, `${exactCpuTime(process.pid)} and ${own}`)
})

await t.test('resident memory is that which the process knows of itself, and proportional memory is at most that', { skip: WITHOUT_PROC }, async (t) => {
  const own = process.memoryUsage().rss
  const resident = residentMemory(process.pid)

  t.ok(Math.abs(resident - own) < 0.2 * own, `${resident} and ${own}`)
  t.ok(proportionalMemory(process.pid) > 0)
  t.ok(proportionalMemory(process.pid) <= residentMemory(process.pid) * 1.2)
})

await t.test('a process that is gone uses nothing', async (t) => {
  t.strictSame(processTree(NOBODY), [NOBODY])
  t.equal(cpuTime([NOBODY]), 0)
  t.equal(exactCpuTime(NOBODY), 0)
  t.equal(residentMemory(NOBODY), 0)
  t.equal(proportionalMemory(NOBODY), 0)
})
