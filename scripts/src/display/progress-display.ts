import { stripVTControlCharacters } from 'node:util'

import type { Output } from '../command/output.ts'
import type { Progress } from '../measure/progress-watch.ts'
import { formatBlock } from './live-block.ts'
import { formatProgress } from './progress-line.ts'

const CURSOR_UP = (lines: number) => `\x1b[${lines}A`
const CLEAR_BELOW = '\x1b[J'
/** Milliseconds between two updates: in a pipe rarely, so that a log of it stays readable. */
const PIPE_INTERVAL = 5000
const TERMINAL_INTERVAL = 500
/** For a terminal that does not know its size, or reports 0. */
const DEFAULT_COLUMNS = 80
const DEFAULT_ROWS = 24
const MAX_RATES = 240

/** Shows a run in progress. */
export interface ProgressDisplay {
  /** Milliseconds between two updates. */
  readonly interval: number
  readonly update: (progress: Progress) => void
  /** Removes what would be in the way of the summary. */
  readonly clear: () => void
}

/**
 * @param env a non-empty `NO_COLOR` removes the colors; with `TERM=dumb` the terminal is treated as a pipe
 * @returns on a terminal a block that is rewritten in place, elsewhere a line every few seconds
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
 * The cursor is never hidden, and stays below the block: whenever the program ends, the terminal is as it was, and
 * the prompt appears below the last block.
 */
class Block implements ProgressDisplay {
  readonly interval = TERMINAL_INTERVAL
  readonly #output: Output
  readonly #hasColor: boolean
  readonly #rates: number[] = []
  /** Widths of the lines above the cursor. */
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
    // Lines that have scrolled off the screen cannot be rewritten.
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
    // A terminal that became narrower has wrapped its lines.
    const rows = this.#widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0)
    return rows === 0 ? '' : `${CURSOR_UP(rows)}${CLEAR_BELOW}`
  }
}
