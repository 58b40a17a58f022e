import type { Progress } from './load-run.ts'

const CLEAR_LINE = '\r\x1b[2K'
/** In a pipe, so that a log of it stays readable. */
const PIPE_INTERVAL = 5000
const TERMINAL_INTERVAL = 250
/** Of a terminal that does not know its width, or says 0. */
const DEFAULT_COLUMNS = 80

export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  write: (text: string) => unknown
}

/** One line of a run in progress, rewritten in place on a terminal. */
export class ProgressLine {
  readonly #output: Output

  constructor (output: Output) {
    this.#output = output
  }

  /** Milliseconds between two updates. */
  get interval (): number {
    return this.#output.isTTY === true ? TERMINAL_INTERVAL : PIPE_INTERVAL
  }

  update (progress: Progress): void {
    const line = formatProgress(progress)
    // A line that wraps could not be rewritten.
    if (this.#output.isTTY === true) this.#output.write(CLEAR_LINE + line.slice(0, (this.#output.columns || DEFAULT_COLUMNS) - 1))
    else this.#output.write(`${line}\n`)
  }

  clear (): void {
    if (this.#output.isTTY === true) this.#output.write(CLEAR_LINE)
  }
}

export function formatProgress ({ elapsed, requests, failures, rate, generations }: Progress): string {
  const first = generations[0]
  const last = generations.at(-1)
  return [
    `${(elapsed / 1000).toFixed(1).padStart(6)} s`,
    `${requests.toLocaleString('en')} requests`,
    `${failures.toLocaleString('en')} failed`,
    `${Math.round(rate).toLocaleString('en')} a second`,
    first === last ? `generation ${first ?? '?'}` : `generations ${first} to ${last}`
  ].join('  ')
}
