import { fileURLToPath } from 'node:url'

/** Of this workspace: found by its name, because the sources and what they are compiled to lie at different depths. */
const PACKAGE = import.meta.resolve('#workspace/package.json')

/** @returns the path of a file or folder, given relative to scripts/ */
export function pathTo (relative: string): string {
  return fileURLToPath(new URL(relative, PACKAGE))
}

/** Baton as it was built here. */
export const PRODUCT = pathTo('../dist/main.js')
