import type { InstanceHint } from '../config/config.ts'
import type { Places } from './find-instance.ts'
import type { Output } from './output.ts'

/** What commands see of the world; tests have one of their own. */
export interface Surroundings {
  readonly output: Output
  readonly hint: InstanceHint
  /** Aborted when the user presses Ctrl-C. */
  readonly interrupt: AbortSignal
  /** Where sockets may be, if not in the default places. */
  readonly places?: Places
}
