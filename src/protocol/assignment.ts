import type { Transport, UnixSocket } from '../config/config.ts'
import { UsageError } from '../errors.ts'

/** Not a setting, because each worker gets its own. */
const ASSIGNMENT_VARIABLE = 'BATON_WORKER'

export interface TcpAddress {
  readonly host: string
  readonly port: number
}

/** Where a worker listens. */
export type ListenAddress =
  | TcpAddress
  | UnixSocket
  /** A descriptor of the primary. */
  | { readonly fd: number }

/** What the primary tells a worker when it forks it. */
export interface Assignment {
  readonly slot: number
  readonly generation: number
  /** Resolved path of the application's file; null for the built-in application. */
  readonly application: string | null
  /** Where to listen. It does not depend on the settings of the generation; the port is the chosen one for `PORT=0`. */
  readonly address: ListenAddress
  /** Address that reaches only this slot; null for none. */
  readonly slotPort: TcpAddress | null
  /** Absolute path of the log file; null for standard output. */
  readonly logFile: string | null
  /** Over TLS the worker waits for a message with certificate and key. */
  readonly transport: Transport
}

/** @returns the environment variable that carries the assignment; `readAssignment()` reads it */
export function assignmentVariable (assignment: Assignment): Record<string, string> {
  return { [ASSIGNMENT_VARIABLE]: JSON.stringify(assignment) }
}

/**
 * Reads the assignment of this worker, and removes it from the environment that the application sees.
 *
 * @throws UsageError when there is no assignment
 */
export function readAssignment (environment: NodeJS.ProcessEnv = process.env): Assignment {
  const text = environment[ASSIGNMENT_VARIABLE]
  if (text === undefined) throw new UsageError('this program is a worker: only Baton can start it')
  delete environment[ASSIGNMENT_VARIABLE]
  return JSON.parse(text) as Assignment
}
