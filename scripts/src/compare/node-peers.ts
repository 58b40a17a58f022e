import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { StartedService } from '../service/started-service.ts'
import type { Peer, PreparedPeer, RunningPeer } from './peer.ts'

const START_TIMEOUT = 60_000
const STOP_TIMEOUT = 10_000

/** The load generator asks for the header, and the others have none; whoever wants to know who answers finds it in the body. */
const PLAIN_ANSWERS = { WORKER_HEADER: 'false' }

export const baton: Peer = {
  name: 'Baton',
  prepare: async ({ program, env }) => ({
    versions: `Node ${process.version}`,
    configuration: 'Started with `WORKERS`, everything else as it is by default; reloaded with `SIGHUP`.',
    start: async (workers) => await startService(program, { ...env, WORKERS: String(workers), CONTROL_SOCKET: 'off', ...PLAIN_ANSWERS })
  })
}

/** Kill all, and fork again whoever exits: what most tutorials show. */
export const clusterTutorial = clusterPeer('node:cluster, as tutorials have it', 'cluster-tutorial.mjs')

/** Fork, wait for `listening`, then `disconnect()`: what the careful write. */
export const clusterCareful = clusterPeer('node:cluster, as the careful have it', 'cluster-careful.mjs')

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
