/** How many crashes in how many milliseconds are rare enough to restart at once (OTP's restart intensity). */
export interface Intensity {
  readonly maxRestarts: number
  readonly restartWindow: number
}

/** Milliseconds. */
const FIRST_DELAY = 100
const MAX_DELAY = 30_000

/** The crashes of the pool as a whole. */
export interface RestartState {
  /** Times of the crashes within the window. */
  readonly crashes: readonly number[]
  /** How many restarts in a row were delayed. */
  readonly delays: number
  /** When the next crashed worker may be replaced. */
  readonly restartAt: number
}

export const NO_CRASHES: RestartState = { crashes: [], delays: 0, restartAt: 0 }

/**
 * Says when to replace a worker that crashed now: at once while crashes are rare, otherwise after a delay that doubles
 * with each restart until a whole window has passed without a crash. Workers that crash while a restart is delayed
 * wait for that same moment, so that a pool whose workers all crash at once counts as one incident.
 *
 * @param random from 0 to 1: shortens the delay by up to half, so that several hosts do not restart at the same moment
 */
export function afterCrash (state: RestartState, now: number, random: number, { maxRestarts, restartWindow }: Intensity): RestartState {
  const crashes = [...state.crashes.filter((time) => now - time < restartWindow), now]
  const isRare = crashes.length <= maxRestarts && (state.delays === 0 || crashes.length === 1)
  if (isRare) return { crashes, delays: 0, restartAt: now }
  if (now < state.restartAt) return { ...state, crashes }
  const delay = Math.min(MAX_DELAY, FIRST_DELAY * 2 ** state.delays) * (0.5 + random / 2)
  return { crashes, delays: state.delays + 1, restartAt: now + delay }
}

/** @returns until when workers count as crashing in a loop; in the past when they do not */
export function isLoopingUntil ({ crashes, delays }: RestartState, { restartWindow }: Intensity): number {
  return delays === 0 ? 0 : Math.max(...crashes) + restartWindow
}
