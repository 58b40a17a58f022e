import type { Environment } from '../config/config.ts'

/** Of a terminal that does not know its size, or says 0. */
const COLUMNS = 80
const ROWS = 24

/** Where a command writes to. */
export interface Output {
  /** To standard output. */
  readonly write: (text: string) => void
  /** To standard error. */
  readonly warn: (text: string) => void
  /** What is written may be rewritten in place. */
  readonly isTerminal: boolean
  readonly hasColor: boolean
  readonly size: () => { readonly columns: number, readonly rows: number }
}

/** What the user's environment says about the terminal. */
export interface TerminalWish {
  /** It does not understand control sequences. */
  readonly isDumb: boolean
  /** As defined by no-color.org. */
  readonly isColorless: boolean
}

export function readTerminalWish (environment: Environment = process.env): TerminalWish {
  return { isDumb: environment.TERM === 'dumb', isColorless: (environment.NO_COLOR ?? '') !== '' }
}

/** What of `process.stdout` counts; a parameter for tests. */
export interface Stream {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  readonly write: (text: string) => unknown
}

export function createOutput (stdout: Stream = process.stdout, stderr: Stream = process.stderr, wish: TerminalWish = readTerminalWish()): Output {
  const isTerminal = stdout.isTTY === true && !wish.isDumb
  return {
    write: (text) => { stdout.write(text) },
    warn: (text) => { stderr.write(text) },
    isTerminal,
    hasColor: isTerminal && !wish.isColorless,
    size: () => ({ columns: stdout.columns || COLUMNS, rows: stdout.rows || ROWS })
  }
}

const COLORS = { green: 32, red: 31, yellow: 33, dim: 2 } as const

export function paint ({ hasColor }: Output, color: keyof typeof COLORS, text: string): string {
  return hasColor ? `\x1b[${COLORS[color]}m${text}\x1b[0m` : text
}
