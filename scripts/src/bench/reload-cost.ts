import { setTimeout as sleep } from 'node:timers/promises'

import type { Reload } from '../service/reload.ts'
import type { StartedService } from '../service/started-service.ts'
import { formatCount, formatFigure, formatPercent } from '../display/number-format.ts'
import { formatSummary, imbalance, median, summarize } from '../measure/statistics.ts'
import { LeanLoad } from './lean-load.ts'
import type { BenchSettings, Part } from './section.ts'
import { startBaton, withServices } from './services.ts'

const WORKERS = 4
const CONNECTIONS = 64
const SURGES = [1, 2, WORKERS]
const RELOAD_TIMEOUT = 120_000
/** Milliseconds after which every busy connection has long been used again, so that the relieved workers have none left. */
const SETTLE = 1000

/** What one reload cost. */
export interface ReloadCost {
  /** Milliseconds. */
  readonly duration: number
  /** Of the requests that steady state would have answered in that time. */
  readonly lost: number
  readonly p99Inside: number
  readonly p99Outside: number
  readonly failures: number
  /** The busiest worker against the mean. */
  readonly imbalance: number
}

export const reloadCost: Part = {
  name: 'reload',
  async run (settings) {
    const costs = new Map<number, ReloadCost[]>(SURGES.map((surge) => [surge, []]))
    const starts = SURGES.map((surge) => async () => await startBaton(settings, WORKERS, {
      // Otherwise the second in which the first replacement has to prove itself would thin out everything.
      MAX_SURGE: String(surge), CANARY_MS: '0'
    }))
    await withServices(starts, async (services) => {
      for (let round = 0; round < settings.rounds; round++) {
        for (const [index, surge] of SURGES.entries()) {
          settings.tell(`a reload with MAX_SURGE ${surge}, round ${round + 1} of ${settings.rounds}`)
          costs.get(surge)?.push(await measureReload(settings, services[index] as StartedService))
        }
      }
    })

    const failures = [...costs.values()].flat().reduce((sum, cost) => sum + cost.failures, 0)
    return {
      title: `Cost of a reload, ${WORKERS} workers, ${CONNECTIONS} busy connections`,
      header: ['MAX_SURGE', 'ms', 'requests lost meanwhile', 'p99 ms inside', 'p99 ms outside', 'busiest worker to mean after it', 'failed'],
      rows: SURGES.map((surge) => {
        const all = costs.get(surge) ?? []
        const show = (pick: (cost: ReloadCost) => number, format: (value: number) => string): string => formatSummary(summarize(all.map(pick)), format)
        return [
          surge === WORKERS ? `${surge} (all)` : String(surge),
          show(({ duration }) => duration, formatCount),
          show(({ lost }) => lost, formatPercent),
          show(({ p99Inside }) => p99Inside, formatFigure),
          show(({ p99Outside }) => p99Outside, formatFigure),
          show((cost) => cost.imbalance, formatFigure),
          formatCount(all.reduce((sum, cost) => sum + cost.failures, 0))
        ]
      }),
      sentences: [
        `A reload with MAX_SURGE 1 costs ${formatPercent(median((costs.get(1) ?? []).map(({ lost }) => lost)))} of the requests that steady state answers in that time, most of which is the starts of workers; ${failures} requests failed.`,
        'CANARY_MS is 0 here. On a machine with fewer CPUs than workers the starts take them from those that serve.'
      ]
    }
  }
}

async function measureReload ({ duration }: BenchSettings, service: StartedService): Promise<ReloadCost> {
  const load = new LeanLoad({ target: service.target, connections: CONNECTIONS })
  try {
    // The last reload may have left compilers busy.
    await load.measure(duration / 2)
    const before = await load.measure(duration)
    const reload = await service.reload(RELOAD_TIMEOUT, new AbortController().signal)
    const inside = load.take()
    assertCompleted(reload)
    await sleep(SETTLE)
    const after = load.take()
    return {
      duration: reload.duration,
      lost: 1 - inside.rate / before.rate,
      p99Inside: inside.p99,
      p99Outside: before.p99,
      failures: before.failures + inside.failures + after.failures,
      imbalance: imbalance(atLeast(load.spread(), WORKERS))
    }
  } finally {
    load.stop()
  }
}

/** A worker without any connection is in no answer. */
export function atLeast (counts: readonly number[], workers: number): number[] {
  return [...counts, ...Array.from({ length: Math.max(0, workers - counts.length) }, () => 0)]
}

export function assertCompleted ({ outcome, reason }: Reload): void {
  if (outcome !== 'completed') throw new Error(`the reload is ${outcome}: ${reason ?? 'no reason given'}`)
}
