import { createClientMix } from '../clients/client-mix.ts'
import { runLoad } from '../load-test/load-run.ts'
import { MemoryWatch } from '../measure/memory-watch.ts'
import type { Report } from '../measure/report.ts'
import type { PreparedPeer } from './peer.ts'
import { ReloadObserver } from './reload-observer.ts'

export interface RoundSettings {
  readonly workers: number
  readonly connections: number
  /** Milliseconds. */
  readonly duration: number
  readonly reloads: number
}

/** The result of one run against one peer. Milliseconds, requests a second, bytes. */
export interface Round {
  readonly requests: number
  readonly failures: number
  /** Those that were complete before the end. */
  readonly reloads: number
  readonly reloadDurations: readonly number[]
  /** Of `GET /`; NaN without any. */
  readonly p99Outside: number
  readonly p99Inside: number
  readonly rateOutside: number
  readonly rateInside: number
  /** Of the answers after reloads, the share of old workers; NaN when the answers do not name their workers. */
  readonly oldShare: number
  readonly peakMemory: number
  /** CPU time of this program as a share of one CPU. */
  readonly generatorShare: number
  /** Why a reload was not complete. */
  readonly problem: string | undefined
}

const REQUEST_TIMEOUT = 30_000
const RELOAD_TIMEOUT = 60_000

/** Starts a peer, loads it while it reloads, and stops it also after an error. */
export async function runRound (prepared: PreparedPeer, settings: RoundSettings): Promise<Round> {
  const { workers, connections, duration, reloads } = settings
  const peer = await prepared.start(workers)
  try {
    const reloader = new ReloadObserver(peer, workers)
    const memories = peer.pids.map((pid) => new MemoryWatch(pid))
    const cpu = process.cpuUsage()
    const report = await runLoad({
      target: peer.target,
      kinds: createClientMix(connections),
      duration,
      timeout: REQUEST_TIMEOUT,
      reloader,
      reloads,
      reloadTimeout: RELOAD_TIMEOUT
    })
    const { user, system } = process.cpuUsage(cpu)
    const peakMemory = memories.reduce((sum, memory) => sum + memory.stop(), 0)
    return summarizeRound(report, { peakMemory, generatorShare: (user + system) / 1000 / report.duration, oldShare: reloader.oldShare })
  } finally {
    await peer.stop()
  }
}

function summarizeRound (report: Report, observed: Pick<Round, 'peakMemory' | 'generatorShare' | 'oldShare'>): Round {
  const completed = report.reloads.filter(({ outcome }) => outcome === 'completed')
  const within = report.reloads.reduce((sum, { startedAt, endedAt }) => sum + endedAt - startedAt, 0)
  const { inside, outside } = report
  return {
    requests: report.requests,
    failures: report.failures,
    reloads: completed.length,
    reloadDurations: completed.map(({ duration }) => duration),
    p99Outside: outside.answered === 0 ? NaN : outside.p99,
    p99Inside: inside.answered === 0 ? NaN : inside.p99,
    rateOutside: outside.answered / (report.duration - within) * 1000,
    rateInside: inside.answered / within * 1000,
    ...observed,
    problem: report.reloads.find(({ outcome }) => outcome !== 'completed')?.reason
  }
}
