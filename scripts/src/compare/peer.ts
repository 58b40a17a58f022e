import type { Target } from '../clients/target.ts'

/** A program that serves the same application, and can reload it. */
export interface Peer {
  readonly name: string
  /**
   * Finds or installs what it needs.
   *
   * @throws UnavailableError when it cannot run here
   */
  readonly prepare: (context: PeerContext) => Promise<PreparedPeer>
}

export interface PeerContext {
  readonly env: NodeJS.ProcessEnv
  /** Baton as it was built here. */
  readonly program: string
  /** The path of scripts/peers, which is not compiled. */
  readonly folder: string
  /** The folder in which packages are installed; it may exist already. */
  readonly cache: string
  /** Reports what is being done. */
  readonly log: (text: string) => void
}

export interface PreparedPeer {
  /** For example `pm2 7.0.4`. */
  readonly versions: string
  /** How it is configured and reloaded, in Markdown. */
  readonly configuration: string
  /** Resolves once it serves. */
  readonly start: (workers: number) => Promise<RunningPeer>
}

export interface RunningPeer {
  readonly target: Target
  /** Its processes, without their descendants. */
  readonly pids: readonly number[]
  /** Gives the command to reload; its effect is watched from outside. */
  readonly reload: () => Promise<void>
  /**
   * For a proxy: how many new children of its first process a reload brings. Undefined when the answers name
   * their workers.
   */
  readonly newProcesses: number | undefined
  /** Ends all of its processes. */
  readonly stop: () => Promise<void>
}

/** A peer cannot run here; the message says what is missing. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError'
}
