import type { Output } from './output.ts'

const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
const CLEAR_BELOW = '\r\x1b[J'

/**
 * Lines at the end of a terminal that are rewritten in place, below the lines that stay.
 *
 * A pipe cannot be rewritten: it gets only the lines that stay.
 */
export class LiveBlock {
  readonly #output: Output
  #lines = 0

  constructor (output: Output) {
    this.#output = output
  }

  /** Shows only what fits into the width and the height of the terminal: more could not be rewritten. */
  show (lines: readonly string[]): void {
    if (!this.#output.isTerminal) return
    const { columns, rows } = this.#output.size()
    const shown = lines.slice(0, rows - 1).map((line) => line.slice(0, columns - 1))
    const hide = this.#lines === 0 ? HIDE_CURSOR : ''
    this.#output.write(`${hide}${this.#back()}${shown.map((line) => `${line}\n`).join('')}`)
    this.#lines = shown.length
  }

  /** Prints a line that stays. */
  print (line: string): void {
    this.clear()
    this.#output.write(`${line}\n`)
  }

  /** Removes the block, and restores the terminal. */
  clear (): void {
    if (this.#lines === 0) return
    this.#output.write(`${this.#back()}${SHOW_CURSOR}`)
    this.#lines = 0
  }

  /** Keeps the block on the screen, and restores the terminal. */
  release (): void {
    if (this.#lines > 0) this.#output.write(SHOW_CURSOR)
    this.#lines = 0
  }

  #back (): string {
    return this.#lines === 0 ? '' : `\x1b[${this.#lines}A${CLEAR_BELOW}`
  }
}
