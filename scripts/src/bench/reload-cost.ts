import { setTimeout as sleep } from 'node:timers/promises'

import { formatCount, formatFigure, formatPercent } from '../display/number-format.ts'
import { formatSpread, imbalance, median, spreadOf } from '../measure/statistics.ts'
import type { Reload } from '../service/reload.ts'
import type { StartedService } from '../service/started-service.ts'
import { LeanLoad } from './lean-load.ts'
import type { BenchSettings, Part } from './section.ts'
import { startBaton, withServices } from './services.ts'

const WORKERS = 4
const CONNECTIONS = 64
const SURGES = [1, 2, WORKERS]
const RELOAD_TIMEOUT = 120_000
/** Milliseconds after which every busy connection has been used again, so that relieved workers have none left. */
const SETTLE_TIME = 1000

/** The cost of one reload. */
export interface ReloadCost {
  /** Milliseconds. */
  readonly duration: number
  /** Share of the requests that would have been answered in that time without a reload. */
  readonly lost: number
  readonly p99Inside: number
  readonly p99Outside: number
  readonly failures: number
  /** Connections of the busiest worker, divided by the mean. */
  readonly imbalance: number
}

export const reloadCost: Part = {
  name: 'reload',
  async run (settings) {
    const costs = new Map<number, ReloadCost[]>(SURGES.map((surge) => [surge, []]))
    const starts = SURGES.map((surge) => async () => await startBaton(settings, WORKERS, {
      // Otherwise the second in which the canary is watched would dominate.
      MAX_SURGE: String(surge), CANARY_MS: '0'
    }))
    await withServices(starts, async (services) => {
      for (let round = 0; round < settings.rounds; round++) {
        for (const [index, surge] of SURGES.entries()) {
          settings.log(`a reload with MAX_SURGE ${surge}, round ${round + 1} of ${settings.rounds}`)
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
        const show = (pick: (cost: ReloadCost) => number, format: (value: number) => string): string => formatSpread(spreadOf(all.map(pick)), format)
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
        `A reload with MAX_SURGE 1 costs ${formatPercent(median((costs.get(1) ?? []).map(({ lost }) => lost)))} of the requests that are otherwise answered in that time, mostly for the starts of workers; ${failures} requests failed.`,
        'CANARY_MS is 0 here. With fewer CPUs than workers, the starts take CPU time from the workers that serve.'
      ]
    }
  }
}

async function measureReload ({ duration }: BenchSettings, service: StartedService): Promise<ReloadCost> {
  const load = new LeanLoad({ target: service.target, connections: CONNECTIONS })
  try {
    // V8 may still be compiling after the last reload.
    await load.measure(duration / 2)
    const before = await load.measure(duration)
    const reload = await service.reload(RELOAD_TIMEOUT, new AbortController().signal)
    const inside = load.take()
    assertCompleted(reload)
    await sleep(SETTLE_TIME)
    const after = load.take()
    return {
      duration: reload.duration,
      lost: 1 - inside.rate / before.rate,
      p99Inside: inside.p99,
      p99Outside: before.p99,
      failures: before.failures + inside.failures + after.failures,
      imbalance: imbalance(atLeast(load.connectionsByWorker(), WORKERS))
    }
  } finally {
    load.stop()
  }
}

/** Adds the workers without a connection, which no answer names. */
export function atLeast (counts: readonly number[], workers: number): number[] {
  return [...counts, ...Array.from({ length: Math.max(0, workers - counts.length) }, () => 0)]
}

export function assertCompleted ({ outcome, reason }: Reload): void {
  if (outcome !== 'completed') throw new Error(`the reload ended as ${outcome}: ${reason ?? 'no reason given'}`)
}
