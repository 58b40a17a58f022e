#!/usr/bin/env node
import { findCommand, readCommand } from './cli/command-line.ts'
import { exitCodeOf } from './errors.ts'
import { ExitCode } from './exit-codes.ts'
import { usage } from './cli/usage.ts'
import { readVersion } from './version.ts'

const words = findCommand(process.argv.slice(2))

try {
  await run()
} catch (error) {
  const { code = '', message } = error as NodeJS.ErrnoException
  process.stderr.write(`baton: ${message}\n${code === 'BATON_USAGE' ? `\n${usage(words.name)}` : ''}`)
  process.exit(exitCodeOf(error, ExitCode.cannotStart))
}

/** Loads only the code that the command needs, because a primary keeps it in memory for as long as it runs. */
async function run (): Promise<void> {
  const command = readCommand(words)
  switch (command.command) {
    case 'help':
      process.stdout.write(usage(words.name))
      break
    case 'version':
      process.stdout.write(`${readVersion()}\n`)
      break
    case 'start': {
      const { runPrimary } = await import('./primary/index.ts')
      await runPrimary(command.application)
      break
    }
    case 'check': {
      const [{ checkRelease }, { showCheck }, { createOutput }] =
        await Promise.all([import('./primary/release/check.ts'), import('./cli/check.ts'), import('./cli/output.ts')])
      process.exitCode = showCheck(await checkRelease(command.application), command.json, createOutput())
      break
    }
    // The commands on a running service: `runInTerminal()` does not take any other.
    default: {
      const { runInTerminal } = await import('./cli/index.ts')
      process.exitCode = await runInTerminal(command)
    }
  }
}
