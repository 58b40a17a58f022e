import type { Socket } from 'node:net'

/** The header in which the service names the worker; it needs WORKER_HEADER=true. */
export const WORKER_HEADER = 'x-baton-worker'

/** What is known of one connection when a request on it fails. Times are of `performance.now()`. */
export interface ConnectionTrace {
  readonly openedAt: number
  /** Its local port, to find it in a packet capture. */
  readonly localPort: number | undefined
  /** When the last request was sent, or its first piece. */
  sentAt?: number
  /**
   * The worker that gave the last complete answer, `slot/generation/pid`; undefined when there was none, or it did not
   * name it.
   */
  worker?: string | undefined
  /** When its end was noticed; undefined when the client closed it. */
  closedAt?: number
}

export function startTrace (openedAt: number, { localPort }: Socket): ConnectionTrace {
  return { openedAt, localPort }
}
