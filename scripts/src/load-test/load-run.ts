import { setMaxListeners } from 'node:events'

import type { ClientKind } from '../clients/client-kind.ts'
import { watchConnections } from '../clients/connection-watch.ts'
import type { Recorder } from '../clients/recorder.ts'
import type { Target } from '../clients/target.ts'
import { GeneratorWatch, type GeneratorReport } from '../measure/generator-watch.ts'
import { Ledger } from '../measure/ledger.ts'
import { ProgressWatch, type Progress } from '../measure/progress-watch.ts'
import type { Report } from '../measure/report.ts'
import { chooseInterval, Timeline } from '../measure/timeline.ts'
import type { DrainReport } from '../service/drain-watch.ts'
import type { Reload, Reloader } from '../service/reload.ts'
import { runReloads } from './reload-schedule.ts'

export interface LoadOptions {
  readonly target: Target
  readonly kinds: readonly ClientKind[]
  /** Milliseconds; the run is longer when it has not made all of its reloads by then. */
  readonly duration: number
  /** Milliseconds that one request may take. */
  readonly timeout: number
  /** Reloads the service; undefined for a run without reloads. */
  readonly reloader: Reloader | undefined
  /** How many reloads; ignored without a reloader. */
  readonly reloads: number
  /** Milliseconds that one reload may take. */
  readonly reloadTimeout: number
  /** Ends the run early; there is a report all the same. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
  /** Milliseconds between two calls of `onProgress`, 1000 by default. */
  readonly progressInterval?: number
}

const MAX_REQUESTS_PER_CLIENT = 10_000_000
const PROGRESS_INTERVAL = 1000

/**
 * Runs all clients at once, reloads the service meanwhile, and reports.
 *
 * It always ends: the number of requests of a client is limited, and so is the time of a request and of a reload.
 */
export async function runLoad (options: LoadOptions): Promise<Report> {
  const { kinds, target, timeout, reloader } = options
  const startedAt = performance.now()
  const ledger = new Ledger(kinds, startedAt)
  const timeline = new Timeline(startedAt, chooseInterval(options.duration))
  const watch = new ProgressWatch(startedAt, options)
  const isQuick = new Map(kinds.map((kind) => [kind.name, kind.isQuick]))
  const recorder: Recorder = {
    answered: (request) => {
      const quick = isQuick.get(request.kind) === true
      ledger.answered(request)
      timeline.answered(request, quick)
      watch.answered(request, quick)
    },
    failed: (request) => {
      ledger.failed(request)
      timeline.failed(request)
      watch.failed(request)
    },
    unprocessed: (request) => { ledger.unprocessed(request) },
    identified: (sighting) => {
      timeline.identified(sighting)
      watch.identified(sighting)
      reloader?.observe?.(sighting)
    }
  }
  const stop = new AbortController()
  // Every pause of every client adds a listener.
  setMaxListeners(0, stop.signal)
  const ended = AbortSignal.any([stop.signal, ...(options.signal === undefined ? [] : [options.signal])])
  const progress = setInterval(() => {
    options.onProgress?.(watch.take(performance.now()))
  }, options.progressInterval ?? PROGRESS_INTERVAL)
  const reloadLedger = {
    reloadStarted: () => {
      ledger.reloadStarted()
      watch.reloadStarted(performance.now())
    },
    reloadEnded: (reload: Reload) => {
      ledger.reloadEnded(reload)
      watch.reloadEnded()
    }
  }

  const unwatch = watchConnections(target.port, (change, at) => { timeline.connectionChanged(change, at) })

  let drains: DrainReport | undefined
  let loadDuration: number
  let duration: number
  const generatorWatch = new GeneratorWatch()
  let generator: GeneratorReport
  const clients = Promise.all(kinds.map((kind) => kind.run({
    target, timeout, recorder, signal: stop.signal, maxRequests: MAX_REQUESTS_PER_CLIENT, random: Math.random
  })))
  try {
    // Clients end first only when one has a bug, or at their limit.
    await Promise.race([runReloads({ ...options, startedAt, ledger: reloadLedger, signal: ended }), clients])
    // Before the clients close their connections, which ends every drain.
    drains = reloader?.drains
    loadDuration = performance.now() - startedAt
    stop.abort()
    await clients
    duration = performance.now() - startedAt
  } finally {
    stop.abort()
    unwatch()
    clearInterval(progress)
    generator = generatorWatch.stop()
  }

  return {
    duration,
    loadDuration,
    requests: ledger.requests,
    failures: ledger.failures,
    kinds: ledger.reportKinds(),
    reloads: ledger.reportReloads(),
    reloadsWanted: options.reloads,
    ...ledger.reportSides(),
    distributions: ledger.reportDistributions(),
    timeline: timeline.report(),
    failed: ledger.reportFailed(),
    generations: watch.generations,
    eventLoopDelay: generator.loopDelay.max,
    generator,
    ...(drains === undefined ? {} : { drains })
  }
}
