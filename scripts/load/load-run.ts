import { setMaxListeners } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'

import type { ClientKind, Recorder } from './client-kind.ts'
import type { DrainReport } from './drain-watch.ts'
import { Ledger } from './ledger.ts'
import { runReloads } from './reload-schedule.ts'
import type { Reloader } from './reload.ts'
import type { Report } from './report.ts'
import type { Target } from './target.ts'

export interface LoadOptions {
  readonly target: Target
  readonly kinds: readonly ClientKind[]
  /** Milliseconds; longer when reloads are still to come or in progress then. */
  readonly duration: number
  /** Milliseconds that one request may take. */
  readonly timeout: number
  /** Who reloads the service; undefined for a run without reloads. */
  readonly reloader: Reloader | undefined
  /** How many; none without a reloader. */
  readonly reloads: number
  /** Milliseconds that one of them may take. */
  readonly reloadTimeout: number
  /** Ends the run early; the report is made all the same. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
  /** Milliseconds between two calls of it, 1000 by default. */
  readonly progressInterval?: number
}

/** How far a run is. */
export interface Progress {
  /** Milliseconds since the start. */
  readonly elapsed: number
  readonly requests: number
  readonly failures: number
  /** Requests a second since the last progress. */
  readonly rate: number
  /** All that have answered so far, in ascending order. */
  readonly generations: readonly number[]
}

/** Milliseconds between two looks at the event loop; each measured delay contains them. */
const LOOP_RESOLUTION = 10
const MAX_REQUESTS_PER_CLIENT = 10_000_000
const PROGRESS_INTERVAL = 1000

/**
 * Runs all clients at once, has the service reload meanwhile, and reports.
 *
 * It ends: each client is bounded in its number of requests, each request and each reload in time.
 */
export async function runLoad (options: LoadOptions): Promise<Report> {
  const { kinds, target, timeout, reloader } = options
  const startedAt = performance.now()
  const ledger = new Ledger(kinds, startedAt)
  const generations = new Set<number>()
  const recorder: Recorder = {
    answered: (request) => { ledger.answered(request) },
    failed: (request) => { ledger.failed(request) },
    unprocessed: (request) => { ledger.unprocessed(request) },
    identified: (sighting) => {
      const { generation } = sighting.worker
      if (generation !== undefined) generations.add(generation)
      reloader?.observe?.(sighting)
    }
  }
  const stop = new AbortController()
  // Every pause of every client listens to it.
  setMaxListeners(0, stop.signal)
  const ended = AbortSignal.any([stop.signal, ...(options.signal === undefined ? [] : [options.signal])])
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION })
  const progress = reportProgress(options, ledger, generations, startedAt)

  let drains: DrainReport | undefined
  loop.enable()
  const clients = Promise.all(kinds.map((kind) => kind.run({
    target, timeout, recorder, signal: stop.signal, maxRequests: MAX_REQUESTS_PER_CLIENT, random: Math.random
  })))
  try {
    // Clients end first only for a fault of theirs, or at their bound.
    await Promise.race([runReloads({ ...options, startedAt, ledger, signal: ended }), clients])
    // Before the clients close their connections, which would end every drain.
    drains = reloader?.drains
    stop.abort()
    await clients
  } finally {
    stop.abort()
    clearInterval(progress)
    loop.disable()
  }

  return {
    duration: performance.now() - startedAt,
    requests: ledger.requests,
    failures: ledger.failures,
    kinds: ledger.reportKinds(),
    reloads: ledger.reportReloads(),
    reloadsWanted: options.reloads,
    ...ledger.reportSides(),
    failed: ledger.reportFailed(),
    generations: ascending(generations),
    eventLoopDelay: Math.max(0, loop.max / 1e6 - LOOP_RESOLUTION),
    ...(drains === undefined ? {} : { drains })
  }
}

function reportProgress (
  { onProgress, progressInterval = PROGRESS_INTERVAL }: LoadOptions,
  ledger: Ledger,
  generations: ReadonlySet<number>,
  startedAt: number
): NodeJS.Timeout {
  let last = { at: startedAt, requests: 0 }
  return setInterval(() => {
    const now = performance.now()
    const { requests, failures } = ledger
    const rate = (requests - last.requests) / (now - last.at) * 1000
    last = { at: now, requests }
    onProgress?.({ elapsed: now - startedAt, requests, failures, rate, generations: ascending(generations) })
  }, progressInterval)
}

function ascending (numbers: ReadonlySet<number>): number[] {
  return [...numbers].sort((a, b) => a - b)
}
