import { formatCount, formatMs } from '../display/number-format.ts'
import type { KindReport, LatencyReport } from '../measure/report.ts'
import { html, type Content, type Html } from './html.ts'
import type { RunRecord } from './run-record.ts'

const FAILURES_SHOWN = 100

interface Table {
  readonly caption: string
  readonly columns: readonly string[]
  readonly rows: ReadonlyArray<readonly Content[]>
  /** Totals, below a line. */
  readonly feet?: ReadonlyArray<readonly Content[]>
  /** Columns of text; the others are numbers. */
  readonly words?: readonly number[]
}

export function kindsTable ({ kinds, requests, failures }: RunRecord): Html {
  // Records of earlier releases do not have this field.
  const counts = kinds.map(({ unprocessed }: Partial<KindReport>) => unprocessed ?? 0)
  const unprocessed = counts.reduce((sum, count) => sum + count, 0)
  const ifAny = (cell: string) => unprocessed === 0 ? [] : [cell]
  return table({
    caption: 'Kinds of clients, none of which repeats a request',
    columns: ['kind', 'clients', 'requests', 'failed', ...ifAny('unprocessed'), 'p50 ms', 'p99 ms', 'max ms'],
    rows: kinds.map((kind, index) => [
      kind.name, kind.clients, formatCount(kind.answered + kind.failures), formatCount(kind.failures),
      ...ifAny(formatCount(counts[index] ?? 0)), ...latencyCells(kind)
    ]),
    feet: [[
      'total', formatCount(kinds.reduce((sum, { clients }) => sum + clients, 0)), formatCount(requests), formatCount(failures),
      ...ifAny(formatCount(unprocessed)), '', '', ''
    ]]
  })
}

export function reloadsTable ({ reloads, inside, outside }: RunRecord): Html {
  if (reloads.length === 0) return html`<p>The service did not reload during this run.</p>`
  return table({
    caption: 'Reloads, and the quick requests that overlap them',
    columns: ['reload', 'at s', 'outcome', 'generation', 'took ms', 'requests', 'p50 ms', 'p99 ms', 'max ms'],
    rows: reloads.map(({ at, outcome, reason, generation, duration, latencies }, index) => [
      index + 1, (at / 1000).toFixed(1), reason === undefined ? outcome : `${outcome}: ${reason}`, generation ?? '', formatMs(duration),
      formatCount(latencies.answered), ...latencyCells(latencies)
    ]),
    feet: [
      ['inside', '', '', '', '', formatCount(inside.answered), ...latencyCells(inside)],
      ['outside', '', '', '', '', formatCount(outside.answered), ...latencyCells(outside)]
    ],
    words: [0, 2]
  })
}

export function failuresTables ({ kinds, failures, failed }: RunRecord): Content {
  if (failures === 0) return []
  const shown = failed.slice(0, FAILURES_SHOWN)
  return [
    table({
      caption: 'Failures by reason',
      columns: ['kind', 'reason', 'count'],
      rows: kinds.flatMap(({ name, reasons }) => Object.entries(reasons).map(([reason, count]) => [name, reason, formatCount(count)])),
      words: [0, 1]
    }),
    table({
      caption: shown.length === failures ? 'Every failure' : `The first ${shown.length} of ${formatCount(failures)} failures`,
      columns: ['kind', 'reason', 'at s', 'after ms', 'bytes', 'worker', 'connection ms', 'during reload', 'since SIGHUP ms'],
      rows: shown.map(({ kind, reason, at, after, bytes, worker, connectionAge, reload, sinceReload }) => [
        kind, reason, (at / 1000).toFixed(3), formatMs(after), formatCount(bytes), worker ?? '',
        connectionAge === undefined ? '' : formatMs(connectionAge), reload ?? 'none',
        sinceReload === undefined ? '' : formatMs(sinceReload)
      ]),
      words: [0, 1]
    })
  ]
}

export function settingsTable ({ settings }: RunRecord): Html {
  if (settings === undefined) return html`<p>The service was not started by the load test, so its settings are unknown.</p>`
  return table({
    caption: 'Settings of the service',
    columns: ['setting', 'value'],
    rows: Object.entries(settings).map(([name, value]) => [html`<code>${name}</code>`, value ?? 'default']),
    words: [0, 1]
  })
}

export function machineTable ({ machine }: RunRecord): Html {
  const { node, baton, undici, kernel, cpu, cpus, memoryBytes } = machine
  return table({
    caption: 'Versions and machine',
    columns: ['part', 'version or size'],
    rows: [
      ['Baton', baton], ['Node', node], ['undici (clients)', undici], ['kernel', kernel],
      ['CPUs', `${cpus} × ${cpu}, for the service and its clients`], ['memory', `${(memoryBytes / 2 ** 30).toFixed(1)} GiB`]
    ],
    words: [0, 1]
  })
}

function latencyCells ({ answered, p50, p99, max }: LatencyReport): string[] {
  return answered === 0 ? ['', '', ''] : [p50, p99, max].map(formatMs)
}

function table ({ caption, columns, rows, feet = [], words = [0] }: Table): Html {
  const tone = (column: number) => words.includes(column) ? 'word' : 'number'
  const row = (cells: readonly Content[]) => html`<tr>${cells.map((cell, column) => column === 0
    ? html`<th scope="row">${cell}</th>`
    : html`<td class="${tone(column)}">${cell}</td>`)}</tr>\n`
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}">
<table>
<caption><span>${caption}</span></caption>
<thead><tr>${columns.map((title, column) => html`<th scope="col" class="${tone(column)}">${title}</th>`)}</tr></thead>
<tbody>
${rows.map(row)}</tbody>
${feet.length > 0 ? html`<tfoot>${feet.map(row)}</tfoot>` : undefined}
</table>
</div>
`
}
