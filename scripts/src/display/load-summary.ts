import { findDistortions, type GeneratorReport } from '../measure/generator-watch.ts'
import type { FailureReport, LatencyReport, Report } from '../measure/report.ts'
import { formatCount, formatMs } from './number-format.ts'
import { formatTable } from './text-table.ts'

const FAILURES_SHOWN = 20

/** @returns the tables for a terminal, without the verdict */
export function formatLoadSummary (report: Report): string {
  return [
    formatKinds(report),
    formatUnprocessed(report),
    formatFailures(report),
    formatReloads(report),
    formatDrains(report),
    formatGenerator(report)
  ].filter((block) => block.length > 0).map((block) => block.join('\n')).join('\n\n')
}

function formatKinds ({ kinds, requests, failures }: Report): string[] {
  const rows = kinds.map((kind) => [
    kind.name, String(kind.clients), formatCount(kind.answered + kind.failures), formatCount(kind.failures),
    ...formatLatencies(kind)
  ])
  const clients = kinds.reduce((sum, kind) => sum + kind.clients, 0)
  return formatTable(
    ['clients', 'count', 'requests', 'failed', 'p50 ms', 'p99 ms', 'max ms'],
    [...rows, ['total', String(clients), formatCount(requests), formatCount(failures)]]
  )
}

function formatUnprocessed ({ kinds }: Report): string[] {
  return kinds.filter(({ unprocessed }) => unprocessed > 0).map(({ name, unprocessed }) => {
    return `${name}: ${formatCount(unprocessed)} more that the server reported as not processed`
  })
}

function formatFailures ({ kinds, failed, failures }: Report): string[] {
  if (failures === 0) return []
  const reasons = kinds.flatMap(({ name, reasons }) => Object.entries(reasons).map(([reason, count]) => {
    return [name, reason, formatCount(count)]
  }))
  const shown = failed.slice(0, FAILURES_SHOWN).map((failure) => [
    failure.kind, failure.reason, formatMs(failure.at), formatMs(failure.after), String(failure.bytes),
    failure.worker ?? '', failure.connectionAge === undefined ? '' : formatMs(failure.connectionAge), formatReloadOf(failure)
  ])
  return [
    ...formatTable(['failures', 'reason', 'count'], reasons),
    '',
    ...formatTable([`the first ${shown.length}`, 'reason', 'at ms', 'took ms', 'bytes', 'worker', 'connection ms', 'reload'], shown)
  ]
}

function formatReloadOf ({ reload, sinceReload }: FailureReport): string {
  if (reload !== undefined) return `in ${reload}`
  return sinceReload === undefined ? 'before the first' : `${formatMs(sinceReload)} ms after SIGHUP`
}

function formatReloads ({ reloads, inside, outside }: Report): string[] {
  if (reloads.length === 0) return []
  const rows = reloads.map(({ outcome, generation, at, duration, latencies, reason }, index) => [
    String(index + 1), formatMs(at), reason === undefined ? outcome : `${outcome}: ${reason}`,
    String(generation ?? ''), formatMs(duration), formatCount(latencies.answered), formatMs(latencies.p99)
  ])
  // Only of quick requests: the others take as long as they were asked to, and would be the p99.
  return formatTable(
    ['reload', 'at ms', 'outcome', 'generation', 'took ms', 'GET / meanwhile', 'p99 ms'],
    [
      ...rows,
      ['inside', '', '', '', '', formatCount(inside.answered), formatMs(inside.p99)],
      ['outside', '', '', '', '', formatCount(outside.answered), formatMs(outside.p99)]
    ]
  )
}

function formatDrains ({ drains }: Report): string[] {
  if (drains === undefined || drains.begun === 0) return []
  const { begun, finished, killed, longest } = drains
  const rest = begun - finished - killed
  return [
    `workers relieved: ${begun}; when the load ended: ${finished} exited, ${killed} killed, ${rest} still draining; ` +
    `the longest drain took ${formatMs(longest)} ms${rest > 0 ? ' or more' : ''}`
  ]
}

function formatGenerator ({ generator, inside, outside }: Report): string[] {
  return [describeGenerator(generator), ...distortionsOf({ generator, inside, outside }).map((distortion) => `WARNING: ${distortion}`)]
}

/** @returns how the load generator was doing */
export function describeGenerator ({ loopDelay, loopUtilization, cpus }: GeneratorReport): string {
  return `load generator: ${cpus.toFixed(2)} processors, event loop busy ${Math.round(loopUtilization * 100)} % of the time, ` +
    `late by ${formatMs(loopDelay.p99)} ms at p99 and ${formatMs(loopDelay.max)} ms at most`
}

/** @returns a sentence for each distortion by the load generator; none when there is none, or it is unknown */
export function distortionsOf ({ generator, inside, outside }: Partial<Pick<Report, 'generator'>> & Pick<Report, 'inside' | 'outside'>): string[] {
  if (generator === undefined) return []
  return findDistortions(generator, outside.answered > 0 ? outside.p99 : inside.p99).map((distortion) => `the load generator distorts the figures: ${distortion}`)
}

function formatLatencies ({ answered, p50, p99, max }: LatencyReport): string[] {
  return answered === 0 ? ['', '', ''] : [p50, p99, max].map(formatMs)
}
