import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

import { createTarget } from '../clients/target.ts'
import { findFreePort } from '../service/free-port.ts'
import { ForeignProcess } from './foreign-process.ts'
import { UnavailableError, type Peer } from './peer.ts'
import { install, versionOf } from './registry.ts'

const run = promisify(execFile)

const HOST = '127.0.0.1'
const START_TIMEOUT = 60_000
const RELOAD_TIMEOUT = 120_000
const STOP_TIMEOUT = 20_000

/** Workers are threads; `wattpm restart` replaces them. */
export const watt: Peer = {
  name: 'Platformatic Watt',
  async prepare (context) {
    if (!runsWatt(process.versions.node)) throw new UnavailableError(`Watt needs Node 22.19 or later, and this is ${process.version}`)
    const { env, folder } = context
    const installed = await install('watt', { wattpm: '^3.67.0', '@platformatic/node': '^3.65.0' }, context)
    const bin = join(installed, 'node_modules/wattpm/bin/cli.js')
    return {
      versions: await versionOf(installed, 'wattpm'),
      configuration: [
        'Reloaded with `wattpm restart`:', '', '```json', JSON.stringify(project(2, 3000), undefined, 2), '```', '',
        'The application has `@platformatic/node`, and exports `create()`, which builds Fastify with it.'
      ].join('\n'),
      async start (workers) {
        // Inside the folder of its packages, so that they are found.
        const home = await mkdtemp(join(installed, 'project-'))
        const port = await findFreePort()
        const target = createTarget(HOST, port)
        await mkdir(join(home, 'app'))
        await writeFile(join(home, 'package.json'), JSON.stringify({ name: 'compare', private: true, type: 'module' }))
        await writeFile(join(home, 'watt.json'), JSON.stringify(project(workers, port)))
        await writeFile(join(home, 'app/package.json'), JSON.stringify({ name: 'app', type: 'module', main: 'index.mjs', dependencies: { '@platformatic/node': '*' } }))
        await writeFile(join(home, 'app/watt.json'), JSON.stringify({ $schema: 'https://schemas.platformatic.dev/@platformatic/node/3.65.0.json' }))
        await writeFile(join(home, 'app/index.mjs'), `export { build as create } from ${JSON.stringify(pathToFileURL(join(folder, 'serve.mjs')).href)}\n`)
        const runtime = await ForeignProcess.start(process.execPath, [bin, 'start'], env, home)
        await runtime.untilServing(target, START_TIMEOUT)
        return {
          target,
          pids: [runtime.pid],
          newProcesses: undefined,
          reload: async () => { await run(process.execPath, [bin, 'restart', String(runtime.pid)], { env, cwd: home, timeout: RELOAD_TIMEOUT }) },
          stop: async () => {
            await runtime.stop('SIGTERM', STOP_TIMEOUT)
            await rm(home, { recursive: true, force: true })
          }
        }
      }
    }
  }
}

export function runsWatt (version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 19)
}

function project (workers: number, port: number): object {
  return {
    $schema: 'https://schemas.platformatic.dev/wattpm/3.67.0.json',
    server: { hostname: HOST, port },
    workers,
    entrypoint: 'app',
    applications: [{ id: 'app', path: './app' }],
    logger: { level: 'warn' }
  }
}
