import type { Recorder } from './recorder.ts'
import type { Target } from './target.ts'

/** What the clients of a run share. */
export interface ClientContext {
  readonly target: Target
  /** Once it has aborted, no request is started. */
  readonly signal: AbortSignal
  /** Milliseconds that one request may take; also the limit for opening a connection. */
  readonly timeout: number
  /** A client that has made this many requests stops. */
  readonly maxRequests: number
  /** From 0 up to 1, as `Math.random`. */
  readonly random: () => number
  readonly recorder: Recorder
}
