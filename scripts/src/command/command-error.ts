export const ExitCode = { ok: 0, failed: 1, usage: 64 } as const

/** Ends a program with its message and its exit code, and without a stack. */
export class CommandError extends Error {
  readonly exitCode: number = ExitCode.failed
}

/** The command line is wrong; the message says what. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError'
  override readonly exitCode: number = ExitCode.usage
}
