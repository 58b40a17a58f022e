import { ExitCode } from './command/command.ts'
import { loadTest } from './load-test/program.ts'
import { PRODUCT } from './workspace.ts'

/** `npm run` and the terminal both deliver Ctrl-C: a second one within so many milliseconds is the same. */
const SAME_SIGNAL = 500

const interruption = new AbortController()
let interruptedAt = Infinity

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // The service does not survive this exit.
    if (performance.now() - interruptedAt > SAME_SIGNAL) process.exit(ExitCode.failed)
    interruptedAt = Math.min(interruptedAt, performance.now())
    interruption.abort()
  })
}

process.exitCode = await loadTest(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  program: PRODUCT,
  signal: interruption.signal
})
