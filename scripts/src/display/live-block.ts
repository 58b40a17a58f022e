import type { Progress } from '../measure/progress-watch.ts'
import { formatLatency } from './progress-line.ts'
import { sparkline } from './sparkline.ts'

/** 30 s in steps of half a second. */
const MAX_SPARKLINE_WIDTH = 60
const LABEL_WIDTH = 11
/** Of the number beside the sparkline. */
const RATE_WIDTH = 18

const COLORS = { good: '32', bad: '1;31', busy: '33', faint: '2' } as const

export interface BlockStyle {
  readonly columns: number
  readonly hasColor: boolean
}

/** A part of a line, with its color if it has one. */
type Span = string | readonly [color: keyof typeof COLORS, text: string]

/**
 * A run in progress as a block of lines for a terminal.
 *
 * @param rates requests a second so far, the latest last
 * @returns lines that are narrower than the terminal
 */
export function formatBlock (progress: Progress, rates: readonly number[], style: BlockStyle): string[] {
  const { elapsed, duration, requests, failures, rate, latencies, workers } = progress
  const room = Math.min(MAX_SPARKLINE_WIDTH, style.columns - 1 - LABEL_WIDTH - RATE_WIDTH)
  const lines: ReadonlyArray<readonly [label: string, ...spans: Span[]]> = [
    ['time', `${seconds(elapsed)} of ${seconds(duration)}, ${elapsed < duration ? `${seconds(duration - elapsed)} to go` : 'finishing'}`],
    ['requests', `${Math.round(rate).toLocaleString('en').padStart(7)} a second  `, sparkline(rates, room)],
    ['answers', latencies === undefined ? 'none' : `p50 ${formatLatency(latencies.p50)}, p99 ${formatLatency(latencies.p99)}`],
    ['failures', [failures === 0 ? 'good' : 'bad', failures.toLocaleString('en')], ` of ${requests.toLocaleString('en')} requests`],
    ['workers', workers.length === 0 ? 'not seen' : workers.map(({ generation, count }) => `${count} of generation ${generation}`).join(', ')],
    ['reload', ...describeReload(progress)]
  ]
  return lines.map(([label, ...spans]) => paint([['faint', label.padEnd(LABEL_WIDTH)], ...spans], style))
}

function describeReload ({ reloads: { wanted, ended }, reloading }: Progress): Span[] {
  if (wanted === 0) return ['none']
  if (reloading === undefined) return [`${ended} of ${wanted} done`]
  return [['busy', `${ended + 1} of ${wanted} in progress`], ` for ${seconds(reloading)}`]
}

/** Cuts the line to the width of the terminal, not counting its color codes. */
function paint (spans: readonly Span[], { columns, hasColor }: BlockStyle): string {
  let room = columns - 1
  return spans.map((span) => {
    const [color, text] = typeof span === 'string' ? [undefined, span] as const : span
    const shown = text.slice(0, Math.max(0, room))
    room -= shown.length
    return color === undefined || !hasColor || shown === '' ? shown : `\x1b[${COLORS[color]}m${shown}\x1b[0m`
  }).join('').trimEnd()
}

function seconds (ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
