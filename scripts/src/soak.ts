import { soak } from './soak/program.ts'
import { PRODUCT } from './workspace.ts'

const interruption = new AbortController()

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => { interruption.abort() })
}

process.exitCode = await soak(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  program: PRODUCT,
  signal: interruption.signal
})
