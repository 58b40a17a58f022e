import cluster from 'node:cluster'

import { serve } from './serve.mjs'

if (cluster.isPrimary) {
  let stopping = false
  for (let i = 0; i < Number(process.env.WORKERS); i++) cluster.fork()

  cluster.on('exit', () => {
    if (!stopping) cluster.fork()
  })
  process.on('SIGHUP', () => {
    for (const worker of Object.values(cluster.workers)) worker.kill()
  })
  process.on('SIGTERM', () => {
    stopping = true
    for (const worker of Object.values(cluster.workers)) worker.kill()
  })
} else {
  await serve()
}
