import { fileURLToPath } from 'node:url'

import { chaos } from './chaos/program.ts'

const interruption = new AbortController()

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => { interruption.abort() })
}

process.exitCode = await chaos(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  program: fileURLToPath(new URL('../dist/main.js', import.meta.url)),
  signal: interruption.signal
})
