import type { Socket } from 'node:net'

/** By which the service says who answers; it needs WORKER_HEADER=true. */
export const WORKER_HEADER = 'x-baton-worker'

/** What is known of one connection when a request on it fails. Times are of `performance.now()`. */
export interface ConnectionTrace {
  readonly openedAt: number
  /** Its own port, by which a packet capture finds it. */
  readonly localPort: number | undefined
  /** When the last request was sent; of one in pieces, the first. */
  sentAt?: number
  /** Who gave the last whole answer: `slot/generation/pid`; undefined when there was none, or it did not say. */
  worker?: string | undefined
  /** When it was seen that it is over; undefined when only the client had enough. */
  closedAt?: number
}

export function startTrace (openedAt: number, { localPort }: Socket): ConnectionTrace {
  return { openedAt, localPort }
}
