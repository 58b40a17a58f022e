import type { ToWorker } from '../../protocol/messages.ts'
import type { Generation } from '../release/generation.ts'

/** What the supervisor needs of the world; `cluster-host.ts` gives the real one, tests a fake. */
export interface Host {
  /** Starts a process. It reports through `events` only after this has returned. */
  readonly fork: (generation: Generation, slot: number, events: WorkerEvents) => WorkerProcess
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** From 0 to 1. */
  readonly random: () => number
  readonly setTimer: (delay: number, fire: () => void) => Timer
}

export interface Timer {
  readonly clear: () => void
}

/** The part of a cluster worker that the supervisor needs. */
export interface WorkerProcess {
  /** Undefined when the process could not be started. */
  readonly pid: number | undefined
  readonly send: (message: ToWorker) => void
  /** Takes it out of rotation and closes its servers: see "The drain" in docs/architecture.md. */
  readonly disconnect: () => void
  readonly kill: () => void
  /** The stack of its main thread, best effort, within a few seconds; afterwards the process must be killed. */
  readonly readStack: () => Promise<string | undefined>
}

export interface WorkerEvents {
  /** It listens on the port of the service. */
  readonly listening: () => void
  /** Anything that arrived on the channel; the application may send messages too. */
  readonly message: (received: unknown) => void
  /** @param wasAsked cluster's `exitedAfterDisconnect`: the primary or the worker had called `disconnect()` */
  readonly exit: (code: number | null, signal: NodeJS.Signals | null, wasAsked: boolean) => void
  /** The process could not be started: no exit follows. */
  readonly error: (error: Error) => void
}
