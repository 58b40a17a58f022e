import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { TlsMaterial } from '../../src/protocol/messages.ts'

/** @returns the path of one of the test certificates or keys */
export function pem (file: string): string {
  return fileURLToPath(new URL(`../fixtures/tls/${file}.pem`, import.meta.url))
}

/** A test certificate with its key. */
export function pair (name: 'one' | 'two'): TlsMaterial {
  return { cert: readFileSync(pem(`${name}-cert`), 'utf8'), key: readFileSync(pem(`${name}-key`), 'utf8'), minVersion: 'TLSv1.2' }
}
