/** Settings that change how a service behaves under load; none of them holds a secret or a path. */
const LISTED_SETTINGS = [
  'WORKERS', 'SCHEDULING', 'MAX_SURGE', 'MAX_DRAINING', 'CANARY_MS', 'DRAIN_TIMEOUT_MS', 'START_TIMEOUT_MS',
  'STOP_TIMEOUT_MS', 'KEEP_ALIVE_TIMEOUT_MS', 'MAX_EVENT_LOOP_DELAY_MS', 'MAX_EVENT_LOOP_UTILIZATION',
  'MAX_WORKER_RSS_BYTES', 'MAX_WORKER_REQUESTS', 'MAX_WORKER_AGE_MS', 'HEARTBEAT_TIMEOUT_MS', 'HTTP2',
  'WORKER_HEADER', 'LOG_REQUESTS', 'NODE_ENV'
] as const

/** Settings that are listed even when they have their defaults. */
const ALWAYS_LISTED: readonly string[] = ['WORKERS', 'SCHEDULING', 'MAX_SURGE']

/** @returns the settings in the environment of a service, by name; null for a default */
export function listSettings (env: NodeJS.ProcessEnv): Record<string, string | null> {
  return Object.fromEntries(LISTED_SETTINGS.flatMap((name): Array<[string, string | null]> => {
    const value = env[name]
    if (value !== undefined && value !== '') return [[name, value]]
    return ALWAYS_LISTED.includes(name) ? [[name, null]] : []
  }))
}
