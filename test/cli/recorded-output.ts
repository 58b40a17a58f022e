import type { Output } from '../../src/cli/output.ts'

/** An output that keeps its text. */
export interface RecordedOutput extends Output {
  readonly out: () => string
  readonly err: () => string
}

export function recordOutput (terminal: { readonly isTerminal?: boolean, readonly hasColor?: boolean, readonly columns?: number, readonly rows?: number } = {}): RecordedOutput {
  const { isTerminal = false, hasColor = false, columns = 80, rows = 24 } = terminal
  let [out, err] = ['', '']
  return {
    write: (text) => { out += text },
    warn: (text) => { err += text },
    isTerminal,
    hasColor,
    size: () => ({ columns, rows }),
    out: () => out,
    err: () => err
  }
}
