import type { TlsFiles } from '../../config/config.ts'
import type { Logger } from '../../log/logger.ts'
import type { Generation } from './generation.ts'
import { findValidityProblem } from './tls-material.ts'

/** Logs warnings about a generation that works, but probably not as intended. */
export function logWarnings (generation: Generation, log: Logger): void {
  checkKeepAlive(generation, log)
  checkCertificate(generation, log)
}

/** A drain leaves idle connections open until their keep-alive timeout, unless its own deadline comes first. */
function checkKeepAlive ({ config: { keepAliveTimeout, drainTimeout } }: Generation, log: Logger): void {
  if (keepAliveTimeout >= drainTimeout) {
    log.warn({ keepAliveTimeout, drainTimeout },
      'KEEP_ALIVE_TIMEOUT_MS is not below DRAIN_TIMEOUT_MS: a reload will close idle connections that clients may be about to use')
  }
}

/** Clients will refuse such a certificate, but a running service can still be reloaded with another one. */
function checkCertificate ({ tls, config }: Generation, log: Logger): void {
  const problem = tls === undefined ? undefined : findValidityProblem(tls, Date.now())
  if (problem === undefined) return
  const { certFile } = config.tls as TlsFiles
  log.warn({ certFile, ...problem.dates }, `the certificate in TLS_CERT_FILE ${problem.text}: replace it, then reload`)
}
