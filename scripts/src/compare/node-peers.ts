import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { StartedService } from '../service/started-service.ts'
import type { Peer, PreparedPeer, RunningPeer } from './peer.ts'

const START_TIMEOUT = 60_000
const STOP_TIMEOUT = 10_000

/** The others do not send this header either; the body names the worker as well. */
const WITHOUT_WORKER_HEADER = { WORKER_HEADER: 'false' }

export const baton: Peer = {
  name: 'Baton',
  prepare: async ({ program, env }) => ({
    versions: `Node ${process.version}`,
    configuration: 'Started with `WORKERS` and otherwise defaults; reloaded with `SIGHUP`.',
    start: async (workers) => await startService(program, { ...env, WORKERS: String(workers), CONTROL_SOCKET: 'off', ...WITHOUT_WORKER_HEADER })
  })
}

/** Kills all workers, and forks again when one exits: what most tutorials show. */
export const clusterTutorial = clusterPeer('node:cluster, as in tutorials', 'cluster-tutorial.mjs')

/** Forks, waits for `listening`, then calls `disconnect()` on the old worker. */
export const clusterCareful = clusterPeer('node:cluster, done carefully', 'cluster-careful.mjs')

function clusterPeer (name: string, file: string): Peer {
  return {
    name,
    async prepare ({ folder, env }): Promise<PreparedPeer> {
      const program = join(folder, file)
      return {
        versions: `Node ${process.version}`,
        configuration: `Reloaded with \`SIGHUP\`; the whole program (\`serve()\` starts Fastify with the application):\n\n\`\`\`js\n${await readFile(program, 'utf8')}\`\`\``,
        start: async (workers) => await startService(program, { ...env, WORKERS: String(workers) })
      }
    }
  }
}

async function startService (program: string, env: NodeJS.ProcessEnv): Promise<RunningPeer> {
  const service = await StartedService.start(program, env, START_TIMEOUT)
  return {
    target: service.target,
    pids: [service.process.pid as number],
    newProcesses: undefined,
    reload: async () => { service.process.signal('SIGHUP') },
    stop: async () => { await service.process.stop(STOP_TIMEOUT) }
  }
}
