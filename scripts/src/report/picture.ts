import { formatCount } from '../display/number-format.ts'
import { html, Html, type Content } from './html.ts'
import type { RunRecord } from './run-record.ts'
import { decades, linear, logarithmic, ticksUpTo, type Scale } from './scale.ts'
import { stackWorkers } from './worker-stack.ts'

const WIDTH = 960
const HEIGHT = 590
const LEFT = 80
const RIGHT = 940
/** Top and bottom of each panel. */
const THROUGHPUT = [104, 312] as const
const LATENCY = [372, 512] as const
const PALETTE = 5

/** The colours of browser/page.css, which gives their reason. */
const STYLE = `
text { font: 14px system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; fill: #57606a }
.ground { fill: #fff } .title { font-size: 19px; font-weight: 650; fill: #1b1f24 } .end { text-anchor: end } .middle { text-anchor: middle }
.grid { stroke: #e5e8ec } .shade { fill: #57606a; opacity: .18 } .bad { fill: #d55e00; opacity: .3 } .halo { stroke: #fff; stroke-width: 5 } .cross { stroke: #b03a00; stroke-width: 2.5 }
.slots { stroke: #fff; stroke-width: 1.5; fill: none } .p50, .p99 { fill: none; stroke-width: 2 } .p50 { stroke: #0072b2 } .p99 { stroke: #c77700 }
.g0 { fill: #0072b2 } .g1 { fill: #e69f00 } .g2 { fill: #009e73 } .g3 { fill: #cc79a7 } .g4 { fill: #56b4e9 } .unknown { fill: #7a7f87 }
@media (prefers-color-scheme: dark) {
text { fill: #9aa4af } .ground { fill: #0e1116 } .title { fill: #e6e9ed } .grid { stroke: #262c35 } .shade { fill: #9aa4af; opacity: .25 }
.halo { stroke: #0e1116 } .cross { stroke: #ff8c42 } .slots { stroke: #0e1116 } .p50 { stroke: #56b4e9 } .p99 { stroke: #f0b429 }
}
`

/** @returns a run as an SVG picture, in light or dark colours as the reader prefers */
export function renderPicture (record: RunRecord): string {
  const { verdict, loadDuration, machine, command, date } = record
  const x = linear([0, loadDuration], [LEFT, RIGHT])
  const about = `Node ${machine.node.replace(/^v/, '')}, ${machine.cpus} CPUs for the service and its clients, ${date.slice(0, 10)}`
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title about">
<title id="title">${verdict.sentence}</title>
<desc id="about">Answers a second by generation, and latency, over the seconds of a load test; reloads are shaded.</desc>
<style>${new Html(STYLE)}</style>
<rect class="ground" width="${WIDTH}" height="${HEIGHT}"/>
<text class="title" x="20" y="36">${short(verdict.sentence, 88)}</text>
<text x="20" y="58">${about}</text>
${throughput(record, x)}
${latency(record, x)}
${ticksUpTo(loadDuration / 1000).filter((second) => second * 1000 <= loadDuration).map((second) => {
  return html`<text class="middle" x="${at(x(second * 1000))}" y="${LATENCY[1] + 20}">${second}</text>\n`
})}
<text class="middle" x="${(LEFT + RIGHT) / 2}" y="${LATENCY[1] + 38}">seconds since the start; reloads are shaded</text>
<text x="20" y="${HEIGHT - 14}">${short(command, 110)}</text>
</svg>
`.text
}

function throughput (record: RunRecord, x: Scale): Html {
  const [top, bottom] = THROUGHPUT
  const { columns, highest, generations } = stackWorkers(record)
  const ticks = ticksUpTo(highest)
  const y = linear([0, ticks.at(-1) ?? 1], [bottom, top])
  const areas = generations.map((generation) => {
    const path = columns.flatMap(({ from, to, bands }) => bands.filter((band) => band.generation === generation).map(({ low, high }) => {
      return `M${at(x(from))} ${at(y(low))}H${at(x(to))}V${at(y(high))}H${at(x(from))}z`
    }))
    return html`<path class="${colorOf(generation)}" d="${path.join('')}"/>\n`
  })
  const borders = columns.flatMap(({ from, to, borders }) => borders.map((border) => `M${at(x(from))} ${at(y(border))}H${at(x(to))}`))
  return html`<text x="20" y="${top - 16}">Answers a second, in the colour of the generation that gave them</text>
${grid(ticks, y)}
${areas}<path class="slots" d="${borders.join('')}"/>
${shades(record, x, THROUGHPUT)}
${crosses(record, x, top + 10)}
${record.failures === 0 ? html`<text class="end" x="${RIGHT}" y="${top - 16}">failed requests: 0</text>` : undefined}
`
}

function latency (record: RunRecord, x: Scale): Html {
  const [top, bottom] = LATENCY
  const { interval, p50, p99 } = record.timeline
  const values = [...p50, ...p99].filter((value) => value !== null)
  const ticks = values.length === 0 ? [1, 10] : decades(Math.min(...values), Math.max(...values))
  const y = logarithmic([ticks[0] ?? 1, ticks.at(-1) ?? 10], [bottom, top])
  const line = (latencies: ReadonlyArray<number | null>) => latencies.flatMap((value, piece) => {
    const time = (piece + 0.5) * interval
    return value === null || time > record.loadDuration ? [] : [`${at(x(time))},${at(y(value))}`]
  }).join(' ')
  return html`<text x="20" y="${top - 16}">Latency in milliseconds, logarithmic</text>
${grid(ticks, y)}
${shades(record, x, LATENCY)}
<polyline class="p99" points="${line(p99)}"/>
<polyline class="p50" points="${line(p50)}"/>
<path class="p99" d="M${RIGHT - 150} ${top - 20}h24"/><text x="${RIGHT - 120}" y="${top - 16}">p99</text>
<path class="p50" d="M${RIGHT - 70} ${top - 20}h24"/><text x="${RIGHT - 40}" y="${top - 16}">p50</text>
`
}

function grid (ticks: readonly number[], y: Scale): Content {
  return ticks.map((tick) => html`<path class="grid" d="M${LEFT} ${at(y(tick))}H${RIGHT}"/><text class="end" x="${LEFT - 8}" y="${at(y(tick) + 5)}">${formatCount(tick)}</text>\n`)
}

function shades ({ reloads }: RunRecord, x: Scale, [top, bottom]: readonly [number, number]): Content {
  return reloads.map(({ at: from, end, outcome }) => {
    const width = Math.max(1, x(end) - x(from))
    return html`<rect class="${outcome === 'completed' ? 'shade' : 'bad'}" x="${at(x(from))}" y="${top}" width="${at(width)}" height="${bottom - top}"/>\n`
  })
}

function crosses ({ timeline: { failed, interval } }: RunRecord, x: Scale, y: number): Content {
  const marks = failed.flatMap((failures, piece) => failures === 0
    ? []
    : [`M${at(Math.min(x((piece + 0.5) * interval), RIGHT) - 5)} ${y - 5}l10 10m0 -10l-10 10`]).join('')
  return marks === '' ? undefined : html`<path class="halo" d="${marks}"/><path class="cross" d="${marks}"/>`
}

function colorOf (generation: number | undefined): string {
  return generation === undefined ? 'unknown' : `g${generation % PALETTE}`
}

function short (text: string, limit: number): string {
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text
}

function at (place: number): string {
  return String(Number(place.toFixed(1)))
}
