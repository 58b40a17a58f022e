import { existsSync } from 'node:fs'

import { PRODUCT } from '../../src/workspace.ts'

/**
 * @returns the path of Baton as it was built here
 * @throws Error that names the missing command
 */
export function builtProduct (): string {
  if (!existsSync(PRODUCT)) throw new Error(`${PRODUCT} does not exist: run \`npm run build\` in the root folder first`)
  return PRODUCT
}
