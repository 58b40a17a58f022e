import type { Output } from '../display/progress-display.ts'
import { UsageError } from '../command/usage-error.ts'
import { describeMachine } from '../measure/machine-line.ts'
import { parseCompare, usage } from './command-line.ts'
import { formatComparison } from './comparison.ts'
import { baton, clusterCareful, clusterTutorial } from './node-peers.ts'
import { UnavailableError, type Peer, type PeerSurroundings, type PreparedPeer } from './peer.ts'
import { pm2 } from './pm2.ts'
import { haproxy, nginx } from './proxies.ts'
import { runRound, type Round } from './round.ts'
import { watt } from './watt.ts'

/** By what `--only` calls them. */
export const PEERS: Readonly<Record<string, Peer>> = {
  baton, tutorial: clusterTutorial, careful: clusterCareful, pm2, watt, nginx, haproxy
}

export const ExitCode = { ok: 0, usage: 64 } as const

export interface CompareSurroundings extends Omit<PeerSurroundings, 'tell'> {
  /** The comparison. */
  readonly stdout: Output
  /** What is being done. */
  readonly stderr: Output
}

interface Contestant {
  readonly peer: Peer
  readonly rounds: Round[]
  prepared?: PreparedPeer
  trouble?: string
}

/**
 * The comparison from its command line to its table. Whoever cannot run here is named with the reason.
 *
 * @returns the exit code: no figure makes it fail
 */
export async function compare (args: readonly string[], surroundings: CompareSurroundings): Promise<number> {
  const { stdout, stderr } = surroundings
  const keys = Object.keys(PEERS)
  try {
    const { peers, rounds, wantsHelp, ...settings } = parseCompare(args, keys)
    if (wantsHelp) {
      stdout.write(usage(keys))
      return ExitCode.ok
    }
    const tell = (text: string): void => { stderr.write(`${text}\n`) }
    const machine = describeMachine(new Date())
    const contestants = peers.map((key): Contestant => ({ peer: PEERS[key] as Peer, rounds: [] }))
    for (const contestant of contestants) await prepare(contestant, { ...surroundings, tell })

    for (let round = 1; round <= rounds; round++) {
      // There and back: whoever comes first in one round comes last in the next.
      for (const contestant of round % 2 === 1 ? contestants : contestants.toReversed()) {
        const { prepared, peer } = contestant
        if (prepared === undefined) continue
        tell(`${peer.name}, round ${round} of ${rounds}`)
        await attempt(contestant, async () => {
          const result = await runRound(prepared, settings)
          contestant.rounds.push(result)
          if (result.trouble !== undefined) contestant.trouble = result.trouble
        })
      }
    }

    const { workers, duration, reloads, connections } = settings
    stdout.write([
      `Measured ${machine}; ${workers} workers, ${connections} clients of all kinds, ${reloads} reloads in ${duration / 1000} s, ${rounds} rounds in turns.`, '',
      formatComparison(contestants.map(({ peer, prepared, rounds, trouble }) => ({
        name: peer.name, versions: prepared?.versions ?? '', configuration: prepared?.configuration ?? '', rounds, trouble
      }))), ''
    ].join('\n'))
    return ExitCode.ok
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    stderr.write(`${error.message} (--help lists the options)\n`)
    return ExitCode.usage
  }
}

async function prepare (contestant: Contestant, surroundings: PeerSurroundings): Promise<void> {
  try {
    contestant.prepared = await contestant.peer.prepare(surroundings)
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error
    contestant.trouble = error.message
  }
}

/** One that does not start, or breaks down, must not take the figures of the others with it. */
async function attempt (contestant: Contestant, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    contestant.trouble = (error as Error).message
  }
}
