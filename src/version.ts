import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** @returns the version of Baton */
export function readVersion (): string {
  return JSON.parse(readFileSync(require.resolve('#package.json'), 'utf8')).version
}
