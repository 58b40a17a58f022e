import type { ClusterSettings } from 'node:cluster'
import { url as inspectorUrl } from 'node:inspector'

/**
 * Settings for `cluster.setupPrimary()` with which `captureHangStack()` finds its way into a worker: an
 * inspector that is started later listens on the loopback interface, on a port that the kernel chooses,
 * and keeps its address off the log. They start nothing, and cost nothing.
 *
 * Both are needed: cluster takes `--inspect-port` for a wish to debug, and appends a port of its own
 * choice, the port of the primary and one more for each fork, unless `inspectPort` says which.
 *
 * When the operator started us with `--inspect` (or by `NODE_OPTIONS`), nothing is changed: the workers
 * listen where Node's documentation says, and are found there. So ask before the first fork, once: later
 * a SIGUSR1 may have started our own inspector.
 *
 * @param execArgv flags of the primary, which the workers keep
 */
export function inspectableSettings (
  execArgv: readonly string[] = process.execArgv, isInspected = inspectorUrl() !== undefined
): Pick<ClusterSettings, 'execArgv' | 'inspectPort'> {
  if (isInspected) return {}
  return { execArgv: [...execArgv, '--inspect-port=127.0.0.1:0', '--inspect-publish-uid=http'], inspectPort: 0 }
}
