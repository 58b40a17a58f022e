import type { Target } from '../clients/target.ts'

/** Somebody who serves the same application, and can be told to load it anew. */
export interface Peer {
  readonly name: string
  /**
   * Finds or fetches what it needs.
   *
   * @throws UnavailableError when it cannot run here
   */
  readonly prepare: (surroundings: PeerSurroundings) => Promise<PreparedPeer>
}

export interface PeerSurroundings {
  readonly env: NodeJS.ProcessEnv
  /** Baton, built. */
  readonly program: string
  /** Of `scripts/peers`: not compiled. */
  readonly folder: string
  /** Where packages of the registry are installed; it may be there already. */
  readonly cache: string
  /** Says what takes so long. */
  readonly tell: (text: string) => void
}

export interface PreparedPeer {
  /** Of what takes part: `pm2 7.0.4`. */
  readonly versions: string
  /** How it is configured and reloaded, in Markdown. */
  readonly configuration: string
  /** @returns once it serves */
  readonly start: (workers: number) => Promise<RunningPeer>
}

export interface RunningPeer {
  readonly target: Target
  /** Its processes, without their descendants. */
  readonly pids: readonly number[]
  /**
   * Gives the command to reload. What happens then is watched from outside.
   */
  readonly reload: () => Promise<void>
  /**
   * Of one who only passes answers on: how many new children of its first process a reload brings. Undefined
   * when the answers tell who gives them.
   */
  readonly newProcesses: number | undefined
  /** Ends all of its processes. */
  readonly stop: () => Promise<void>
}

/** The message says what is missing, for a person. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError'
}
