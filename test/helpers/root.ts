import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Tests run as TypeScript in test/ or compiled in build/test/: files that are not compiled are found from here. */
export const ROOT = dirname(createRequire(import.meta.url).resolve('#package.json'))

/** @returns the path of a file or folder in test/fixtures that is used as it is written */
export function fixture (name: string): string {
  return join(ROOT, 'test/fixtures', name)
}

/**
 * @param name path of a TypeScript file from the root
 * @returns the path of that file in the form in which the test that asks runs: as it is written, or compiled
 */
export function program (name: string): string {
  return fileURLToPath(new URL(`../../${name.replace(/\.ts$/, extname(import.meta.url))}`, import.meta.url))
}
