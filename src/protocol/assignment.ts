import type { Transport, UnixSocket } from '../config/config.ts'

/** Not a setting: it is meant for one worker. */
export const ASSIGNMENT_VARIABLE = 'BATON_WORKER'

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

/** @returns the environment variable by which a worker learns its assignment; `takeAssignment()` reads it */
export function assignmentVariable (assignment: Assignment): Record<string, string> {
  return { [ASSIGNMENT_VARIABLE]: JSON.stringify(assignment) }
}
