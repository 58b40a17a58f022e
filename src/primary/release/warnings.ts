import type { TlsFiles } from '../../config/config.ts'
import type { Logger } from '../../log/logger.ts'
import type { Generation } from './generation.ts'
import { findValidityProblem } from './tls-material.ts'

/** Says what of a generation works and is likely not meant so. */
export function warnOf (generation: Generation, log: Logger): void {
  warnOfKeepAlive(generation, log)
  warnOfCertificate(generation, log)
}

/** Idle connections are left to their keep-alive timeout: if it is the longer one, the drain deadline closes them. */
function warnOfKeepAlive ({ config: { keepAliveTimeout, drainTimeout } }: Generation, log: Logger): void {
  if (keepAliveTimeout >= drainTimeout) {
    log.warn({ keepAliveTimeout, drainTimeout },
      'KEEP_ALIVE_TIMEOUT_MS is not below DRAIN_TIMEOUT_MS: a reload will close idle connections that clients may be about to use')
  }
}

/** Clients will refuse it; a service that came up can still be reloaded with another one. */
function warnOfCertificate ({ tls, config }: Generation, log: Logger): void {
  const problem = tls === undefined ? undefined : findValidityProblem(tls, Date.now())
  if (problem === undefined) return
  const { certFile } = config.tls as TlsFiles
  log.warn({ certFile, ...problem.dates }, `the certificate in TLS_CERT_FILE ${problem.text}: replace it, then reload`)
}
