import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { createTarget } from '../clients/target.ts'
import { findFreePort } from '../service/free-port.ts'
import { ForeignProcess } from './foreign-process.ts'
import type { Peer } from './peer.ts'
import { install, versionOf } from './registry.ts'

const run = promisify(execFile)

const HOST = '127.0.0.1'
const START_TIMEOUT = 60_000
const RELOAD_TIMEOUT = 120_000
const STOP_TIMEOUT = 20_000

/** Runs in the foreground, so that its daemon ends with it, and in a home of its own, apart from any other PM2. */
export const pm2: Peer = {
  name: 'PM2 cluster mode',
  async prepare (context) {
    const { env, folder } = context
    const installed = await install('pm2', { pm2: '^7.0.4' }, context)
    const bin = join(installed, 'node_modules/pm2/bin')
    const script = join(folder, 'pm2.mjs')
    return {
      versions: await versionOf(installed, 'pm2'),
      configuration: [
        'Reloaded with `pm2 reload all`; graceful start and shutdown as in its documentation:', '',
        '```json', JSON.stringify(ecosystem('pm2.mjs', 2, 3000), undefined, 2), '```', '',
        `\`\`\`js\n${await readFile(script, 'utf8')}\`\`\``
      ].join('\n'),
      async start (workers) {
        const home = await mkdtemp(join(tmpdir(), 'baton-compare-pm2-'))
        const port = await findFreePort()
        const target = createTarget(HOST, port)
        const variables = { ...env, PM2_HOME: home, PM2_DISABLE_VERSION_CHECK: 'true' }
        const file = join(home, 'ecosystem.json')
        await writeFile(file, JSON.stringify(ecosystem(script, workers, port)))
        const daemon = await ForeignProcess.start(process.execPath, [join(bin, 'pm2-runtime'), 'start', file], variables)
        await daemon.untilServing(target, START_TIMEOUT)
        return {
          target,
          pids: [daemon.pid],
          newProcesses: undefined,
          reload: async () => { await run(process.execPath, [join(bin, 'pm2'), 'reload', 'all'], { env: variables, timeout: RELOAD_TIMEOUT }) },
          stop: async () => {
            await daemon.stop('SIGTERM', STOP_TIMEOUT)
            await rm(home, { recursive: true, force: true })
          }
        }
      }
    }
  }
}

function ecosystem (script: string, instances: number, port: number): object {
  return {
    apps: [{
      name: 'compare',
      script,
      exec_mode: 'cluster',
      instances,
      wait_ready: true,
      listen_timeout: 10_000,
      kill_timeout: 12_000,
      env: { HOST, PORT: String(port) }
    }]
  }
}
