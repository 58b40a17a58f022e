import { fileURLToPath } from 'node:url'

import { bench } from './bench/program.ts'

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // What was started is killed when this process exits.
  process.on(signal, () => { process.exit(1) })
}

process.exitCode = await bench(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  paths: {
    program: pathTo('../dist/main.js'),
    worker: pathTo('../dist/worker/index.js'),
    bare: pathTo('../scripts/peers/bare-fastify.mjs'),
    fillsCache: pathTo('../scripts/peers/fills-compile-cache.mjs')
  }
})

function pathTo (relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url))
}
