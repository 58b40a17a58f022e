import type { Environment } from '../config/config.ts'

/** Size of a terminal that does not report its own, or reports 0. */
const COLUMNS = 80
const ROWS = 24

/** Where a command writes. */
export interface Output {
  /** To standard output. */
  readonly write: (text: string) => void
  /** To standard error. */
  readonly warn: (text: string) => void
  /** Whether written lines can be rewritten in place. */
  readonly isTerminal: boolean
  readonly hasColor: boolean
  readonly size: () => { readonly columns: number, readonly rows: number }
}

/** What the user's environment says about the terminal. */
export interface TerminalPreferences {
  /** The terminal does not understand control sequences. */
  readonly isDumb: boolean
  /** As defined by no-color.org. */
  readonly isColorless: boolean
}

export function readTerminalPreferences (environment: Environment = process.env): TerminalPreferences {
  return { isDumb: environment.TERM === 'dumb', isColorless: (environment.NO_COLOR ?? '') !== '' }
}

/** The part of `process.stdout` that is used; a parameter for tests. */
export interface Stream {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  readonly write: (text: string) => unknown
}

export function createOutput (
  stdout: Stream = process.stdout, stderr: Stream = process.stderr,
  preferences: TerminalPreferences = readTerminalPreferences()
): Output {
  const isTerminal = stdout.isTTY === true && !preferences.isDumb
  return {
    write: (text) => { stdout.write(text) },
    warn: (text) => { stderr.write(text) },
    isTerminal,
    hasColor: isTerminal && !preferences.isColorless,
    size: () => ({ columns: stdout.columns || COLUMNS, rows: stdout.rows || ROWS })
  }
}

const COLORS = { green: 32, red: 31, yellow: 33, dim: 2 } as const

export function paint ({ hasColor }: Output, color: keyof typeof COLORS, text: string): string {
  return hasColor ? `\x1b[${COLORS[color]}m${text}\x1b[0m` : text
}
