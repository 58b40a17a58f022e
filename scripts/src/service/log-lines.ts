import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** A line of the log of the service: JSON with, among others, the fields that are read here. */
export interface LogLine {
  readonly level?: unknown
  readonly event?: unknown
  readonly port?: unknown
  readonly pid?: unknown
  readonly generation?: unknown
  readonly slot?: unknown
  readonly code?: unknown
  readonly signal?: unknown
  readonly application?: unknown
  readonly workers?: unknown
  readonly durationMs?: unknown
  readonly msg?: unknown
  readonly err?: unknown
}

/** Calls back for each line of a stream, with its fields when it is a JSON object. */
export function readLogLines (stream: Readable, onLine: (text: string, line: LogLine) => void): void {
  createInterface({ input: stream, crlfDelay: Infinity }).on('line', (text) => { onLine(text, parse(text)) })
}

function parse (text: string): LogLine {
  if (!text.startsWith('{')) return {}
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
