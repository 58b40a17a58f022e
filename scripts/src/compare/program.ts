import { ExitCode } from '../command/command-error.ts'
import { runCommand, type Outputs } from '../command/command.ts'
import { formatMachine } from '../measure/machine.ts'
import { parseCompare, usage, type CompareCommandLine } from './command-line.ts'
import { formatComparison } from './comparison.ts'
import { baton, clusterCareful, clusterTutorial } from './node-peers.ts'
import { UnavailableError, type Peer, type PeerContext, type PreparedPeer } from './peer.ts'
import { pm2 } from './pm2.ts'
import { haproxy, nginx } from './proxies.ts'
import { runRound, type Round } from './round.ts'
import { watt } from './watt.ts'

/** By the names that `--only` takes. */
export const PEERS: Readonly<Record<string, Peer>> = {
  baton, tutorial: clusterTutorial, careful: clusterCareful, pm2, watt, nginx, haproxy
}

export interface CompareContext extends Omit<PeerContext, 'log'>, Outputs {}

interface Contestant {
  readonly peer: Peer
  readonly rounds: Round[]
  prepared?: PreparedPeer
  problem?: string
}

/**
 * Runs the comparison from its command line to its table. A peer that cannot run here is listed with the reason.
 *
 * @param context `stdout` gets the comparison, `stderr` what is being done
 * @returns the exit code: it never depends on a figure
 */
export async function compare (args: readonly string[], context: CompareContext): Promise<number> {
  const keys = Object.keys(PEERS)
  return await runCommand({ usage: usage(keys), parse: (args) => parseCompare(args, keys), run: runComparison }, args, context)
}

async function runComparison ({ peers, rounds, ...settings }: CompareCommandLine, context: CompareContext): Promise<number> {
  const { stdout, stderr } = context
  const log = (text: string): void => { stderr.write(`${text}\n`) }
  const machine = formatMachine(new Date())
  const contestants = peers.map((key): Contestant => ({ peer: PEERS[key] as Peer, rounds: [] }))
  for (const contestant of contestants) await prepare(contestant, { ...context, log })

  for (let round = 1; round <= rounds; round++) {
    // Back and forth: the peer that is first in one round is last in the next.
    for (const contestant of round % 2 === 1 ? contestants : contestants.toReversed()) {
      const { prepared, peer } = contestant
      if (prepared === undefined) continue
      log(`${peer.name}, round ${round} of ${rounds}`)
      await attempt(contestant, async () => {
        const result = await runRound(prepared, settings)
        contestant.rounds.push(result)
        if (result.problem !== undefined) contestant.problem = result.problem
      })
    }
  }

  const { workers, duration, reloads, connections } = settings
  stdout.write([
    `Measured ${machine}; ${workers} workers, ${connections} clients of all kinds, ${reloads} reloads in ${duration / 1000} s, ${rounds} rounds in turns.`, '',
    formatComparison(contestants.map(({ peer, prepared, rounds, problem }) => ({
      name: peer.name, versions: prepared?.versions ?? '', configuration: prepared?.configuration ?? '', rounds, problem
    }))), ''
  ].join('\n'))
  return ExitCode.ok
}

async function prepare (contestant: Contestant, context: PeerContext): Promise<void> {
  try {
    contestant.prepared = await contestant.peer.prepare(context)
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error
    contestant.problem = error.message
  }
}

/** A peer that does not start, or fails, must not spoil the figures of the others. */
async function attempt (contestant: Contestant, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    contestant.problem = (error as Error).message
  }
}
