import type { Status, WorkerStatus } from '../protocol/control-api.ts'
import { formatTable, shorten, type Column } from './text-table.ts'
import { bytes, count, delay, milliseconds, moment, span } from './units.ts'

const WIDTH = 80
/** Before the first heartbeat. */
const UNKNOWN = '-'

const right = (title: string): Column => ({ title, align: 'right' })
const COLUMNS: readonly Column[] = [
  right('slot'), right('pid'), right('gen'), { title: 'state', align: 'left' }, right('uptime'), right('restarts'),
  right('delay'), right('util'), right('rss'), right('conns'), right('reqs'), right('served')
]

/** @returns lines of at most 80 columns, except for the cause of a failed reload */
export function formatStatus (status: Status): string[] {
  const { version, node, pid, url, state, uptimeMs, crashLoop, generation, rollout, wanted, workers } = status
  const ready = workers.filter(({ state }) => state === 'ready').length
  const since = `generation ${generation.number} since ${moment(generation.since)}: `
  return [
    `baton ${version}  ${state}  ${url}`,
    `process ${pid}, Node ${node.replace(/^v/, '')}, up ${span(uptimeMs)}, ${ready} of ${wanted} workers ready`,
    since + shorten(generation.application ?? 'the built-in application', WIDTH - since.length),
    ...rollout === null ? [] : [`reloading to generation ${rollout.generation}`],
    ...crashLoop ? ['workers crash repeatedly: restarts are delayed'] : [],
    '',
    ...formatTable(COLUMNS, [...workers].sort(bySlot).map(row), WIDTH),
    '',
    ...lastReload(status)
  ]
}

/** @returns whether the service answers requests */
export function isServing ({ state, workers }: Status): boolean {
  return state !== 'stopping' && state !== 'stopped' && workers.some(({ state }) => state === 'ready')
}

function bySlot (one: WorkerStatus, other: WorkerStatus): number {
  return one.slot - other.slot || one.generation - other.generation
}

function row (worker: WorkerStatus): string[] {
  const { slot, pid, generation, state, stale, uptimeMs, restarts } = worker
  return [
    String(slot),
    known(pid, String),
    String(generation),
    stale && state === 'ready' ? 'stale' : state,
    span(uptimeMs),
    count(restarts),
    known(worker.eventLoopDelayMs, delay),
    known(worker.eventLoopUtilization, (share) => `${Math.round(share * 100)}%`),
    known(worker.rssBytes, bytes),
    known(worker.connections, count),
    known(worker.requests, count),
    known(worker.served, count)
  ]
}

function known (value: number | null, format: (value: number) => string): string {
  return value === null ? UNKNOWN : format(value)
}

function lastReload ({ lastReload }: Status): string[] {
  if (lastReload === null) return ['last reload: none yet']
  const { result, generation, durationMs, endedAt, error } = lastReload
  const what = generation === null ? '' : ` generation ${generation},`
  return [
    `last reload: ${result},${what} ${milliseconds(durationMs)}, ${moment(endedAt)}`,
    ...error === null ? [] : error.message.split('\n').map((line) => `  ${line}`)
  ]
}
