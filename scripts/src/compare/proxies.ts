import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { createTarget } from '../clients/target.ts'
import { findFreePort } from '../service/free-port.ts'
import { StartedService } from '../service/started-service.ts'
import { ForeignProcess } from './foreign-process.ts'
import { UnavailableError, type Peer } from './peer.ts'

const run = promisify(execFile)

const HOST = '127.0.0.1'
const START_TIMEOUT = 30_000
const STOP_TIMEOUT = 10_000

interface Proxy {
  readonly name: string
  readonly command: string
  readonly versionArgs: readonly string[]
  readonly args: (folder: string) => readonly string[]
  readonly signal: NodeJS.Signals
  /** How many new processes a reload brings. */
  readonly newProcesses: (workers: number) => number
  readonly configuration: (workers: number, port: number, upstream: number, folder: string) => string
}

/** For scale: how well-known proxies reload themselves, in front of one bare Fastify. */
export const nginx = proxyPeer({
  name: 'nginx',
  command: 'nginx',
  versionArgs: ['-v'],
  args: (folder) => ['-p', folder, '-c', 'proxy.conf', '-e', 'error.log', '-g', 'daemon off;'],
  signal: 'SIGHUP',
  newProcesses: (workers) => workers,
  configuration: (workers, port, upstream, folder) => `${process.geteuid?.() === 0 ? 'user root;\n' : ''}worker_processes ${workers};
pid ${folder}/nginx.pid;
events {
  worker_connections 4096;
}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  upstream application {
    server ${HOST}:${upstream};
    keepalive 64;
  }
  server {
    listen ${HOST}:${port};
    location / {
      proxy_pass http://application;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`
})

export const haproxy = proxyPeer({
  name: 'HAProxy',
  command: 'haproxy',
  versionArgs: ['-v'],
  args: (folder) => ['-W', '-db', '-f', join(folder, 'proxy.conf')],
  signal: 'SIGUSR2',
  // Its workers are threads.
  newProcesses: () => 1,
  configuration: (workers, port, upstream) => `global
  nbthread ${workers}
  hard-stop-after 60s
defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 75s
frontend clients
  bind ${HOST}:${port}
  default_backend application
backend application
  server one ${HOST}:${upstream}
`
})

function proxyPeer (proxy: Proxy): Peer {
  const { name, command, versionArgs, args, signal, newProcesses, configuration } = proxy
  return {
    name: `${name}, itself`,
    async prepare ({ folder, env }) {
      const versions = await findVersion(command, versionArgs)
      return {
        versions,
        configuration: `In front of one bare Fastify, which keeps running; ${name} itself is reloaded, with \`${signal}\`:\n\n\`\`\`\n${configuration(2, 3000, 3001, '.')}\`\`\``,
        async start (workers) {
          const home = await mkdtemp(join(tmpdir(), 'baton-compare-'))
          // Its workers may run as another user.
          await chmod(home, 0o777)
          const upstream = await StartedService.start(join(folder, 'bare-fastify.mjs'), env, START_TIMEOUT)
          const stopUpstream = async (): Promise<void> => {
            await upstream.process.stop(STOP_TIMEOUT)
            await rm(home, { recursive: true, force: true })
          }
          const target = createTarget(HOST, await findFreePort())
          await writeFile(join(home, 'proxy.conf'), configuration(workers, target.port, upstream.target.port, home))
          try {
            const server = await ForeignProcess.start(command, args(home), env)
            await server.untilServing(target, START_TIMEOUT)
            return {
              target,
              pids: [server.pid, upstream.process.pid as number],
              newProcesses: newProcesses(workers),
              reload: async () => { server.signal(signal) },
              stop: async () => {
                await server.stop('SIGTERM', STOP_TIMEOUT)
                await stopUpstream()
              }
            }
          } catch (error) {
            await stopUpstream()
            throw error
          }
        }
      }
    }
  }
}

async function findVersion (command: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout, stderr } = await run(command, args)
    return `${command} ${/\d[\d.]+/.exec(stdout + stderr)?.[0] ?? 'of an unknown version'}`
  } catch (error) {
    throw new UnavailableError(`${command} is not installed`, { cause: error })
  }
}
