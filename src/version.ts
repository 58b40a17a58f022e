import { readFileSync } from 'node:fs'

/** @returns the version of Baton */
export function readVersion (): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
}
