import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const TIMEOUT = 120_000

/**
 * Compiles the program of the workers as it would be without being bundled: each module a file of its own,
 * and the packages where they are installed.
 *
 * @param dist what was built; the result lies beside it, in reach of the packages
 * @returns the program
 */
export async function compileUnbundled (dist: string): Promise<string> {
  const project = dirname(dist)
  const folder = join(project, 'build/unbundled')
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  await run(process.execPath, [compiler, '-p', join(project, 'tsconfig.build.json'), '--outDir', folder], { timeout: TIMEOUT })
  return join(folder, 'worker/index.js')
}
