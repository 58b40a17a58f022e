import { bench } from './bench/program.ts'
import { pathTo, PRODUCT } from './workspace.ts'

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // Programs that were started are killed when this process exits.
  process.on(signal, () => { process.exit(1) })
}

process.exitCode = await bench(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  paths: {
    program: PRODUCT,
    worker: pathTo('../dist/worker/index.js'),
    bare: pathTo('peers/bare-fastify.mjs'),
    fillsCache: pathTo('peers/fills-compile-cache.mjs')
  }
})
