import { fileURLToPath } from 'node:url'

import { compare } from './compare/program.ts'

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // What was started is killed when this process exits.
  process.on(signal, () => { process.exit(1) })
}

process.exitCode = await compare(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  program: pathTo('../dist/main.js'),
  folder: pathTo('../scripts/peers'),
  cache: pathTo('../build/peers')
})

function pathTo (relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url))
}
