import { ExitCode } from './command/command-error.ts'
import { loadTest } from './load-test/program.ts'
import { PRODUCT } from './workspace.ts'

/**
 * Milliseconds within which a second signal counts as the same, because `npm run` and the terminal both deliver
 * Ctrl-C.
 */
const SAME_SIGNAL_WINDOW = 500

const interruption = new AbortController()
let interruptedAt = Infinity

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // The service is killed at this exit.
    if (performance.now() - interruptedAt > SAME_SIGNAL_WINDOW) process.exit(ExitCode.failed)
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
