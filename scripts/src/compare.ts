import { compare } from './compare/program.ts'
import { pathTo, PRODUCT } from './workspace.ts'

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // Programs that were started are killed when this process exits.
  process.on(signal, () => { process.exit(1) })
}

process.exitCode = await compare(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  program: PRODUCT,
  folder: pathTo('peers'),
  cache: pathTo('build/peers')
})
