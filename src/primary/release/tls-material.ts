import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { TlsFiles } from '../../config/config.ts'
import { TlsFileError, TlsPairError } from '../../errors.ts'
import type { TlsMaterial } from '../../protocol/messages.ts'

type Variable = 'TLS_CERT_FILE' | 'TLS_KEY_FILE'

const ALLOWED: Readonly<Record<Variable, string>> = {
  TLS_CERT_FILE: 'a file with a certificate in PEM, followed by its chain',
  TLS_KEY_FILE: 'a file with a private key in PEM, without a passphrase'
}

/**
 * Reads certificate and key as they are now, and checks all that can be checked without a client.
 *
 * @param directory what the paths are relative to
 * @throws TlsFileError or TlsPairError, which name the file
 */
export function readTlsMaterial ({ certFile, keyFile, minVersion }: TlsFiles, directory: string): TlsMaterial {
  const read = (variable: Variable, path: string): string =>
    tryWith(variable, path, () => readFileSync(resolve(directory, path), 'utf8'))
  const cert = read('TLS_CERT_FILE', certFile)
  const key = read('TLS_KEY_FILE', keyFile)

  const certificate = tryWith('TLS_CERT_FILE', certFile, () => new X509Certificate(cert))
  const privateKey = tryWith('TLS_KEY_FILE', keyFile, () => createPrivateKey(key))
  if (!certificate.checkPrivateKey(privateKey)) throw new TlsPairError(keyFile, certFile)
  // Checks the rest of the chain, and whether OpenSSL accepts the key sizes and digests.
  tryWith('TLS_CERT_FILE', certFile, () => createSecureContext({ cert, key, minVersion }))
  return Object.freeze({ cert, key, minVersion })
}

export interface ValidityProblem {
  /** The predicate of a sentence about the certificate. */
  readonly text: string
  readonly dates: { readonly validFrom: string, readonly validTo: string }
}

/** @param now milliseconds since 1970 */
export function findValidityProblem ({ cert }: TlsMaterial, now: number): ValidityProblem | undefined {
  const { validFrom, validTo } = new X509Certificate(cert)
  const dates = { validFrom, validTo }
  if (Date.parse(validTo) < now) return { text: `expired on ${validTo}`, dates }
  return Date.parse(validFrom) > now ? { text: `is not valid before ${validFrom}`, dates } : undefined
}

function tryWith<Result> (variable: Variable, path: string, attempt: () => Result): Result {
  try {
    return attempt()
  } catch (error) {
    throw new TlsFileError(variable, path, ALLOWED[variable], (error as Error).message)
  }
}
