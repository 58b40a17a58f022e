import cluster from 'node:cluster'
import { once } from 'node:events'

import { serve } from './serve.mjs'

if (cluster.isPrimary) {
  let stopping = false
  for (let i = 0; i < Number(process.env.WORKERS); i++) cluster.fork()

  cluster.on('exit', (worker) => {
    if (!stopping && !worker.exitedAfterDisconnect) cluster.fork()
  })
  process.on('SIGHUP', async () => {
    for (const old of Object.values(cluster.workers)) {
      await once(cluster.fork(), 'listening')
      old.disconnect()
    }
  })
  process.on('SIGTERM', () => {
    stopping = true
    for (const worker of Object.values(cluster.workers)) worker.kill()
  })
} else {
  await serve()
}
