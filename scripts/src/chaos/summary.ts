import type { ConnectionTrace } from '../clients/connection-trace.ts'
import type { FailedRequest } from '../clients/recorder.ts'
import { formatCount } from '../display/number-format.ts'
import { formatTable } from '../display/text-table.ts'
import type { Judgement } from './chaos-ledger.ts'
import type { EventLog } from './event-log.ts'
import type { ReloadCounts } from './pool-watch.ts'

const FAILURES_SHOWN = 5
const DEATHS_SHOWN = 10
/** Milliseconds around a failure whose events are shown. */
const SHOWN_BEFORE = 1000
const SHOWN_AFTER = 300

export interface ChaosReport {
  readonly judgement: Judgement
  readonly moves: ReadonlyMap<string, number>
  readonly reloads: ReloadCounts
  readonly workers: number
  readonly startedAt: number
  readonly events: EventLog
}

export function formatChaosSummary ({ judgement, moves, reloads, workers, startedAt, events }: ChaosReport): string {
  return [
    formatTable(['chaos monkey', 'times'], [...moves].map(([name, times]) => [name, formatCount(times)])),
    formatTable(['service', 'times'], [
      ['reloads started', formatCount(reloads.started)],
      ['reloads completed', formatCount(reloads.completed)],
      ['reloads failed', formatCount(reloads.failed)],
      ['reloads abandoned for a newer one', formatCount(reloads.abandoned)],
      ['reloads refused', formatCount(reloads.refused)],
      ['workers started', formatCount(workers)]
    ]),
    formatClients(judgement),
    formatLost(judgement),
    judgement.failed.slice(0, FAILURES_SHOWN).flatMap((failed) => explain(failed, startedAt, events))
  ].filter((block) => block.length > 0).map((block) => block.join('\n')).join('\n\n')
}

function formatClients ({ kinds, requests, failed }: Judgement): string[] {
  const sum = (pick: (kind: Judgement['kinds'][number]) => number): string => formatCount(kinds.reduce((total, kind) => total + pick(kind), 0))
  return formatTable(
    ['clients', 'count', 'requests', 'failed', 'lost', 'p99 ms', 'max ms'],
    [
      ...kinds.map(({ name, clients, requests, failures, lost, p99, max }) =>
        [name, ...[clients, requests, failures, lost, Math.round(p99), Math.round(max)].map(formatCount)]),
      ['total', sum(({ clients }) => clients), formatCount(requests), formatCount(failed.length), sum(({ lost }) => lost)]
    ]
  )
}

function formatLost ({ lost }: Judgement): string[] {
  if (lost.size === 0) return []
  const causes = new Map<string, { workers: number, requests: number }>()
  for (const [{ cause }, requests] of lost) {
    const before = causes.get(cause) ?? { workers: 0, requests: 0 }
    causes.set(cause, { workers: before.workers + 1, requests: before.requests + requests })
  }
  return formatTable(
    ['lost with a worker that', 'workers', 'requests'],
    [
      ...[...causes].map(([cause, { workers, requests }]) => [cause, formatCount(workers), formatCount(requests)]),
      ...[...lost].sort(([, one], [, other]) => other - one).slice(0, DEATHS_SHOWN).map(([{ slot, generation, pid, release }, requests]) =>
        [`  ${slot}/${generation}/${pid}, ${release}`, '', formatCount(requests)])
    ]
  )
}

function explain ({ kind, startedAt: requestedAt, endedAt, failure }: FailedRequest, startedAt: number, events: EventLog): string[] {
  const { reason, bytes, connection } = failure
  const at = (time: number | undefined): string => time === undefined ? 'never' : ((time - startedAt) / 1000).toFixed(3)
  return [
    `FAILED ${kind}: ${reason} after ${bytes} bytes; request started at ${at(requestedAt)}, failed at ${at(endedAt)}`,
    connection === undefined
      ? '  no connection, or a wrong answer'
      : `  connection from port ${connection.localPort}: opened ${at(connection.openedAt)}, last sent ${at(connection.sentAt)}, closed ${at(connection.closedAt)}, last answered by ${connection.worker ?? 'no worker'}`,
    ...events.between((connection?.closedAt ?? endedAt) - SHOWN_BEFORE, endedAt + SHOWN_AFTER, pidOf(connection), startedAt).map((line) => `  ${line}`)
  ]
}

function pidOf (connection: ConnectionTrace | undefined): number | undefined {
  return connection?.worker === undefined ? undefined : Number(connection.worker.split('/')[2])
}
