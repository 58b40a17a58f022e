import { formatCount, formatMs } from '../display/number-format.ts'
import type { RunRecord } from './run-record.ts'

/** A chart of the page, by its name in browser/charts.js. */
export interface ChartCaption {
  readonly name: string
  readonly title: string
  /** What it shows, also for readers who cannot see it. */
  readonly sentence: string
  /** There is nothing to draw, and the sentence says so. */
  readonly isEmpty?: boolean
}

export function captionCharts (record: RunRecord): ChartCaption[] {
  const { inside, outside, reloads, workers } = { ...record, workers: record.timeline.workers }
  return [
    { name: 'throughput', title: 'Answers a second', sentence: `${throughputOf(record)} ${shadingOf(record)} ${failuresOf(record)}` },
    {
      name: 'latency',
      title: 'Latency of the quick requests',
      sentence: reloads.length === 0
        ? `The 99th percentile of the run is ${formatMs(outside.p99)} ms.`
        : `The 99th percentile is ${formatMs(inside.p99)} ms inside reloads and ${formatMs(outside.p99)} ms outside.`
    },
    {
      name: 'workers',
      isEmpty: workers.length === 0,
      title: 'Share of each worker',
      sentence: workers.length === 0
        ? 'The answers do not name their workers.'
        : `${count(workers.length, 'worker')} of ${count(generationsOf(record), 'generation')} answered; colours are generations.`
    },
    { name: 'connections', title: 'Open connections of the clients', sentence: connectionsOf(record), isEmpty: mostConnections(record) === 0 },
    {
      name: 'distribution',
      isEmpty: inside.answered + outside.answered === 0,
      title: 'Latency by percentile',
      sentence: reloads.length === 0
        ? `The slowest of ${formatCount(outside.answered)} quick requests took ${formatMs(outside.max)} ms.`
        : `The slowest quick request took ${formatMs(inside.max)} ms inside reloads (${formatCount(inside.answered)} requests) and ${formatMs(outside.max)} ms outside (${formatCount(outside.answered)}).`
    }
  ]
}

/** @returns answers a second in each slice of the timeline that ended before the load did */
export function rates ({ timeline, loadDuration }: Pick<RunRecord, 'timeline' | 'loadDuration'>): number[] {
  const { interval, answered } = timeline
  return answered.slice(0, Math.floor(loadDuration / interval)).map((answers) => answers / interval * 1000)
}

function throughputOf (record: RunRecord): string {
  const all = rates(record)
  if (all.length === 0) return 'The run was too short for a chart.'
  const mean = all.reduce((sum, rate) => sum + rate, 0) / all.length
  return `${formatCount(Math.round(mean))} a second on average, ${formatCount(Math.round(Math.min(...all)))} a second in the slowest ${record.timeline.interval} ms.`
}

function shadingOf ({ reloads }: RunRecord): string {
  if (reloads.length === 0) return 'There was no reload.'
  return reloads.length === 1 ? 'The reload is shaded.' : `The ${formatCount(reloads.length)} reloads are shaded.`
}

function failuresOf ({ failures, requests }: RunRecord): string {
  return failures === 0
    ? `None of ${formatCount(requests)} requests failed, so there are no marks.`
    : `${formatCount(failures)} of ${formatCount(requests)} requests failed, at the times marked with crosses.`
}

function mostConnections ({ timeline: { connections } }: RunRecord): number {
  return connections.reduce((most, open) => Math.max(most, open), 0)
}

function connectionsOf (record: RunRecord): string {
  const most = mostConnections(record)
  return most === 0 ? 'No connection was observed.' : `At most ${formatCount(most)} were open at once.`
}

function generationsOf ({ timeline: { workers } }: RunRecord): number {
  return new Set(workers.map(({ generation }) => generation)).size
}

function count (number: number, noun: string): string {
  return `${formatCount(number)} ${noun}${number === 1 ? '' : 's'}`
}
