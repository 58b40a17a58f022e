import { readFileSync } from 'node:fs'
import type { TlsMaterial } from '../../src/protocol/messages.ts'
import { fixture } from './root.ts'

/** @returns the path of one of the test certificates or keys */
export function pem (file: string): string {
  return fixture(`tls/${file}.pem`)
}

/** A test certificate with its key. */
export function pair (name: 'one' | 'two'): TlsMaterial {
  return { cert: readFileSync(pem(`${name}-cert`), 'utf8'), key: readFileSync(pem(`${name}-key`), 'utf8'), minVersion: 'TLSv1.2' }
}
