import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const TIMEOUT = 120_000

/**
 * Compiles the program of the workers without bundling it: each module is a file of its own, and packages are
 * loaded from where they are installed.
 *
 * @param dist the folder of the build; the result is written beside it, where the packages can be found
 * @returns the path of the program
 */
export async function compileUnbundled (dist: string): Promise<string> {
  const project = dirname(dist)
  const folder = join(project, 'build/unbundled')
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  // Notes of its own: with those of the build, the compiler would find everything up to date and write nothing.
  const notes = join(folder, '.tsbuildinfo')
  await run(process.execPath, [
    compiler, '-p', join(project, 'tsconfig.build.json'), '--outDir', folder, '--incremental', '--tsBuildInfoFile', notes
  ], { timeout: TIMEOUT })
  return join(folder, 'worker/index.js')
}
