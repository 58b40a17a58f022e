/** How the primary ends; the numbers of 64 and 78 are those of BSD's sysexits.h. */
export const ExitCode = {
  /** Stopped as asked. */
  ok: 0,
  /** A second signal, an error of the primary itself, or a request was cut at the stop timeout. */
  forced: 1,
  /** No worker of the first generation could start. */
  cannotStart: 3,
  /** No worker has been ready for too long, or the inherited socket was lost. */
  gaveUp: 4,
  /** The command line is wrong. */
  usage: 64,
  /** The configuration is wrong. */
  configuration: 78
} as const

export type ExitCode = typeof ExitCode[keyof typeof ExitCode]
