import { tmpdir } from 'node:os'

import t from 'tap'

import type { Peer, PeerContext } from '../../src/compare/peer.ts'
import { compare, PEERS } from '../../src/compare/program.ts'
import { runRound } from '../../src/compare/round.ts'
import { runsWatt } from '../../src/compare/watt.ts'
import { processTree } from '../../src/measure/process-tree.ts'
import { pathTo } from '../../src/workspace.ts'
import { isAlive } from '../helpers/fixture.ts'
import { builtProduct } from '../helpers/product.ts'
import { waitUntil } from '../helpers/wait-until.ts'

const WORKERS = 2
const CONTEXT: PeerContext = {
  env: { ...process.env, CANARY_MS: '0' },
  program: builtProduct(),
  folder: pathTo('peers'),
  cache: tmpdir(),
  log: () => {}
}

for (const key of ['baton', 'tutorial', 'careful']) {
  const peer = PEERS[key] as Peer

  await t.test(`${peer.name}: the end of a reload is noticed from outside`, async (t) => {
    const prepared = await peer.prepare(CONTEXT)
    const round = await runRound(prepared, { workers: WORKERS, connections: 20, duration: 1000, reloads: 1 })

    t.equal(round.problem, undefined)
    t.equal(round.reloads, 1)
    t.ok((round.reloadDurations[0] ?? 0) > 0)
    t.ok(round.requests > 0)
    if (key === 'baton') t.equal(round.failures, 0)
    if (process.platform === 'linux') t.ok(round.peakMemory > 10 * 2 ** 20)
  })

  await t.test(`${peer.name}: no process is left after it was stopped`, async (t) => {
    const running = await (await peer.prepare(CONTEXT)).start(WORKERS)
    const pids = running.pids.flatMap(processTree)
    await running.stop()

    t.ok(pids.length > 1)
    await waitUntil(() => !pids.some(isAlive), () => `still running: ${pids.filter(isAlive).join(', ')}`)
  })
}

interface Run {
  readonly args: readonly string[]
  readonly code: number
  readonly stdout: RegExp
  readonly stderr: RegExp
}

const RUNS: Readonly<Record<string, Run>> = {
  'exits 64 for an unknown peer': { args: ['--only', 'apache'], code: 64, stdout: /^$/, stderr: /^--only is "apache": it must be some of baton, tutorial, / },
  'exits 64 for an unknown option': { args: ['--slowly'], code: 64, stdout: /^$/, stderr: /Unknown option '--slowly'/ },
  'exits 64 for one worker, which some peers cannot replace': { args: ['--workers', '1'], code: 64, stdout: /^$/, stderr: /^--workers is "1": it must be a number from 2 to 64/ },
  'exits 0 when asked for help': { args: ['--help'], code: 0, stdout: /^Usage: npm run compare/, stderr: /^$/ }
}

for (const [title, run] of Object.entries(RUNS)) {
  await t.test(`the comparison ${title}`, async (t) => {
    const { code, stdout, stderr } = await runCompare(run.args)

    t.equal(code, run.code)
    t.match(stdout, run.stdout)
    t.match(stderr, run.stderr)
  })
}

await t.test('the comparison prints its machine, the table and the configuration of the peer', async (t) => {
  const { code, stdout } = await runCompare(['--only', 'careful', '--rounds', '1', '--duration', '1', '--reloads', '1', '--connections', '10'])

  t.equal(code, 0)
  t.match(stdout, /^Measured \d{4}-.*; Node v\d.*; load average .*; 2 workers, 10 clients of all kinds, 1 reloads in 1 s, 1 rounds in turns\.\n/)
  t.match(stdout, /\n\| node:cluster, done carefully \| +\d/)
  t.match(stdout, /old\.disconnect\(\)/)
})

await t.test('Watt is tried only on versions of Node that it supports', async (t) => {
  t.equal(runsWatt('20.19.0'), false)
  t.equal(runsWatt('22.18.0'), false)
  t.equal(runsWatt('22.19.0'), true)
  t.equal(runsWatt('24.0.0'), true)
})

async function runCompare (args: readonly string[]): Promise<{ code: number, stdout: string, stderr: string }> {
  let stdout = ''
  let stderr = ''
  const code = await compare(args, {
    ...CONTEXT, stdout: { write: (text) => { stdout += text } }, stderr: { write: (text) => { stderr += text } }
  })
  return { code, stdout, stderr }
}
