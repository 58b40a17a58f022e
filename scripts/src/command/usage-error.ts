/** The command line is wrong; the message says what, for a person. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
