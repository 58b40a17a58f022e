import type { InstanceHint } from '../config/config.ts'
import type { Places } from './find-instance.ts'
import type { Output } from './output.ts'

/** The environment of a command; tests pass their own. */
export interface Context {
  readonly output: Output
  readonly hint: InstanceHint
  /** Aborted when the user presses Ctrl-C. */
  readonly interrupt: AbortSignal
  /** Where sockets may be, if not in the default places. */
  readonly places?: Places
}
