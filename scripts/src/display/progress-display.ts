import { stripVTControlCharacters } from 'node:util'

import { formatBlock } from './live-block.ts'
import { formatProgress } from './progress-line.ts'
import type { Progress } from '../measure/progress-watch.ts'

const UP = (lines: number) => `\x1b[${lines}A`
const CLEAR_BELOW = '\x1b[J'
/** Milliseconds between two updates; in a pipe a log of it has to stay readable. */
const PIPE_INTERVAL = 5000
const TERMINAL_INTERVAL = 500
/** Of a terminal that does not know its size, or says 0. */
const DEFAULT_COLUMNS = 80
const DEFAULT_ROWS = 24
const MAX_RATES = 240

export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  write: (text: string) => unknown
}

/** Shows a run in progress. */
export interface ProgressDisplay {
  /** Milliseconds between two updates. */
  readonly interval: number
  readonly update: (progress: Progress) => void
  /** Takes back what would stand in the way of the summary. */
  readonly clear: () => void
}

/**
 * @param env `NO_COLOR` (to any value but the empty one) takes the colors away; `TERM=dumb` makes the terminal a pipe
 * @returns a block that is rewritten in place on a terminal, and a line every few seconds elsewhere
 */
export function createDisplay (output: Output, env: NodeJS.ProcessEnv): ProgressDisplay {
  return output.isTTY === true && env.TERM !== 'dumb' ? new Block(output, !env.NO_COLOR) : new Lines(output)
}

class Lines implements ProgressDisplay {
  readonly interval = PIPE_INTERVAL
  readonly #output: Output

  constructor (output: Output) {
    this.#output = output
  }

  update (progress: Progress): void {
    this.#output.write(`${formatProgress(progress)}\n`)
  }

  clear (): void {}
}

/**
 * The cursor is never hidden, and rests below the block: whenever the program ends, the terminal is as it was, and
 * the last block stands above the prompt.
 */
class Block implements ProgressDisplay {
  readonly interval = TERMINAL_INTERVAL
  readonly #output: Output
  readonly #hasColor: boolean
  readonly #rates: number[] = []
  /** Widths of the lines that stand above the cursor. */
  #widths: number[] = []

  constructor (output: Output, hasColor: boolean) {
    this.#output = output
    this.#hasColor = hasColor
  }

  update (progress: Progress): void {
    const columns = this.#output.columns || DEFAULT_COLUMNS
    const rows = this.#output.rows || DEFAULT_ROWS
    this.#rates.push(progress.rate)
    if (this.#rates.length > MAX_RATES) this.#rates.shift()
    // What has scrolled out of sight could not be rewritten.
    const lines = formatBlock(progress, this.#rates, { columns, hasColor: this.#hasColor }).slice(0, Math.max(1, rows - 1))
    this.#output.write(`${this.#erase()}${lines.join('\n')}\n`)
    this.#widths = lines.map((line) => stripVTControlCharacters(line).length)
  }

  clear (): void {
    this.#output.write(this.#erase())
    this.#widths = []
  }

  #erase (): string {
    const columns = this.#output.columns || DEFAULT_COLUMNS
    // A terminal that became narrower has wrapped them.
    const rows = this.#widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0)
    return rows === 0 ? '' : `${UP(rows)}${CLEAR_BELOW}`
  }
}
