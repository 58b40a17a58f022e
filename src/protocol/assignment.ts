import type { Transport, UnixSocket } from '../config/config.ts'
import { UsageError } from '../errors.ts'

/** Not a setting: it is meant for one worker. */
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

/** What a worker is told by the primary that forks it. */
export interface Assignment {
  readonly slot: number
  readonly generation: number
  /** Resolved path of the application's file; null for the built-in application. */
  readonly application: string | null
  /** Where to listen, whatever a reload made of the settings: the port is the one that `PORT=0` came to. */
  readonly address: ListenAddress
  /** What reaches this slot alone; null for none. */
  readonly slotPort: TcpAddress | null
  /** Absolute path of the log file; null for standard output. */
  readonly logFile: string | null
  /** Over TLS the worker waits for certificate and key, which come in a message. */
  readonly transport: Transport
}

/** @returns the environment variable by which a worker learns its assignment; `readAssignment()` reads it */
export function assignmentVariable (assignment: Assignment): Record<string, string> {
  return { [ASSIGNMENT_VARIABLE]: JSON.stringify(assignment) }
}

/**
 * Reads the assignment of this worker, and removes it from the environment that the application sees.
 *
 * @throws UsageError when there is none
 */
export function readAssignment (environment: NodeJS.ProcessEnv = process.env): Assignment {
  const text = environment[ASSIGNMENT_VARIABLE]
  if (text === undefined) throw new UsageError('this program is a worker: it is started by Baton')
  delete environment[ASSIGNMENT_VARIABLE]
  return JSON.parse(text) as Assignment
}
