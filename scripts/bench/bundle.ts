import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const VERSION = '0.28'
/** CommonJS packages inside still call `require` for what Node has built in. */
const BANNER = "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);"
const TIMEOUT = 120_000

/**
 * Bundles the program of the workers and the built-in application, each with its packages, by esbuild from
 * the registry.
 *
 * @param dist what was built
 * @param folder where to put it
 * @returns the bundled program
 * @throws Error when there is no registry
 */
export async function bundleWorker (dist: string, folder: string): Promise<string> {
  await run('npx', [
    '--yes', '--package', `esbuild@${VERSION}`, '--', 'esbuild', join(dist, 'worker/program.js'), join(dist, 'app/index.js'),
    '--bundle', '--platform=node', '--format=esm', '--target=node20', `--outbase=${dist}`, `--outdir=${folder}`, `--banner:js=${BANNER}`,
    // A worker loads these two only when it is asked for what they do.
    '--external:pino-pretty', '--external:prom-client', '--log-level=error'
  ], { timeout: TIMEOUT })
  return join(folder, 'worker/program.js')
}
