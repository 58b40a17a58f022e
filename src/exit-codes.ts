/** Exit codes of the primary and of the commands; those from 64 to 78 are from BSD's sysexits.h. */
export const ExitCode = {
  /** Stopped as asked. */
  ok: 0,
  /** A second signal, an error of the primary itself, or a request that was cut at the stop timeout. */
  forced: 1,
  /** No worker of the first generation could start. */
  cannotStart: 3,
  /** No worker has been ready for too long, or the inherited socket was lost. */
  gaveUp: 4,
  /** The command line is wrong, or several services answer the command. */
  usage: 64,
  /** No service answers the command. */
  unavailable: 69,
  /** The configuration is wrong. */
  configuration: 78,
  /** Ctrl-C ended a command that was waiting; a shell reports the same code after SIGINT. */
  interrupted: 130
} as const

export type ExitCode = typeof ExitCode[keyof typeof ExitCode]
