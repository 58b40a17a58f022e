import type { Logger } from '../logger.ts'
import type { Generation } from './generation.ts'

/** Says what of a generation works and is likely not meant so. */
export function warnOf ({ config: { keepAliveTimeout, drainTimeout } }: Generation, log: Logger): void {
  // Idle connections are left to their keep-alive timeout: if it is the longer one, the drain deadline closes them.
  if (keepAliveTimeout >= drainTimeout) {
    log.warn({ keepAliveTimeout, drainTimeout },
      'KEEP_ALIVE_TIMEOUT_MS is not below DRAIN_TIMEOUT_MS: a reload will close idle connections that clients may be about to use')
  }
}
