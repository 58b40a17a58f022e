import type { FailedRequest } from '../clients/client-kind.ts'
import type { ConnectionTrace } from '../clients/connection-trace.ts'
import { formatTable } from '../display/text-table.ts'
import type { Judgement } from './chaos-ledger.ts'
import type { ReloadCounts } from './pool-watch.ts'
import type { Timeline } from './timeline.ts'

const FAILURES_EXPLAINED = 5
const DEATHS_NAMED = 10
/** Milliseconds around a failure that are worth reading. */
const BEFORE = 1000
const AFTER = 300

export interface ChaosReport {
  readonly judgement: Judgement
  readonly moves: ReadonlyMap<string, number>
  readonly reloads: ReloadCounts
  readonly workers: number
  readonly startedAt: number
  readonly timeline: Timeline
}

export function formatSummary ({ judgement, moves, reloads, workers, startedAt, timeline }: ChaosReport): string {
  return [
    formatTable(['the hand', 'times'], [...moves].map(([name, times]) => [name, count(times)])),
    formatTable(['the service', 'times'], [
      ['reloads started', count(reloads.started)],
      ['reloads completed', count(reloads.completed)],
      ['reloads failed', count(reloads.failed)],
      ['reloads given up for a newer one', count(reloads.givenUp)],
      ['reloads refused', count(reloads.refused)],
      ['workers started', count(workers)]
    ]),
    formatClients(judgement),
    formatExcuses(judgement),
    judgement.failed.slice(0, FAILURES_EXPLAINED).flatMap((failed) => explain(failed, startedAt, timeline))
  ].filter((block) => block.length > 0).map((block) => block.join('\n')).join('\n\n')
}

function formatClients ({ kinds, requests, failed }: Judgement): string[] {
  const sum = (pick: (kind: Judgement['kinds'][number]) => number): string => count(kinds.reduce((total, kind) => total + pick(kind), 0))
  return formatTable(
    ['clients', 'count', 'requests', 'failed', 'excused', 'p99 ms', 'max ms'],
    [
      ...kinds.map(({ name, clients, requests, failures, excused, p99, max }) =>
        [name, ...[clients, requests, failures, excused, Math.round(p99), Math.round(max)].map(count)]),
      ['together', sum(({ clients }) => clients), count(requests), count(failed.length), sum(({ excused }) => excused)]
    ]
  )
}

function formatExcuses ({ excused }: Judgement): string[] {
  if (excused.size === 0) return []
  const causes = new Map<string, { workers: number, requests: number }>()
  for (const [{ cause }, requests] of excused) {
    const before = causes.get(cause) ?? { workers: 0, requests: 0 }
    causes.set(cause, { workers: before.workers + 1, requests: before.requests + requests })
  }
  return formatTable(
    ['excused by a worker that', 'workers', 'requests'],
    [
      ...[...causes].map(([cause, { workers, requests }]) => [cause, count(workers), count(requests)]),
      ...[...excused].sort(([, one], [, other]) => other - one).slice(0, DEATHS_NAMED).map(([{ slot, generation, pid, release }, requests]) =>
        [`  ${slot}/${generation}/${pid}, ${release}`, '', count(requests)])
    ]
  )
}

function explain ({ kind, startedAt: requestedAt, endedAt, failure }: FailedRequest, startedAt: number, timeline: Timeline): string[] {
  const { reason, bytes, connection } = failure
  const at = (time: number | undefined): string => time === undefined ? 'never' : ((time - startedAt) / 1000).toFixed(3)
  return [
    `FAILED ${kind}: ${reason} after ${bytes} bytes; request begun at ${at(requestedAt)}, failed at ${at(endedAt)}`,
    connection === undefined
      ? '  on no connection, or with a wrong answer'
      : `  connection of port ${connection.localPort}: opened ${at(connection.openedAt)}, last sent ${at(connection.sentAt)}, over ${at(connection.closedAt)}, last answered by ${connection.worker ?? 'nobody'}`,
    ...timeline.between((connection?.closedAt ?? endedAt) - BEFORE, endedAt + AFTER, pidOf(connection), startedAt).map((line) => `  ${line}`)
  ]
}

function pidOf (connection: ConnectionTrace | undefined): number | undefined {
  return connection?.worker === undefined ? undefined : Number(connection.worker.split('/')[2])
}

function count (number: number): string {
  return number.toLocaleString('en')
}
