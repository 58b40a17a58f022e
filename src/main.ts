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

/** Loads what the command needs and nothing else: the primary for as long as it lives, and a client only what asks. */
async function run (): Promise<void> {
  const command = readCommand(words)
  if (command.command === 'help') {
    process.stdout.write(usage(words.name))
  } else if (command.command === 'version') {
    process.stdout.write(`${readVersion()}\n`)
  } else if (command.command === 'start') {
    const { runPrimary } = await import('./primary/index.ts')
    await runPrimary(command.application)
  } else if (command.command === 'check') {
    const [{ checkRelease }, { showCheck }, { createOutput }] =
      await Promise.all([import('./primary/release/check.ts'), import('./cli/check.ts'), import('./cli/output.ts')])
    process.exitCode = showCheck(await checkRelease(command.application), command.json, createOutput())
  } else {
    const { runInTerminal } = await import('./cli/index.ts')
    process.exitCode = await runInTerminal(command)
  }
}
