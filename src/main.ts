#!/usr/bin/env node
import { findCommand, readCommand } from './cli/command-line.ts'
import { ExitCode } from './exit-codes.ts'
import { usage } from './cli/usage.ts'
import { readVersion } from './version.ts'

/** Exit codes by the code of an error that ends the start. */
const CODES: Readonly<Record<string, ExitCode>> = {
  BATON_USAGE: ExitCode.usage,
  BATON_INVALID_SETTINGS: ExitCode.configuration,
  BATON_ENV_FILE: ExitCode.configuration,
  BATON_TLS_FILE: ExitCode.configuration,
  BATON_TLS_PAIR: ExitCode.configuration,
  BATON_PID_FILE_HELD: ExitCode.configuration,
  BATON_PID_FILE_UNUSABLE: ExitCode.configuration,
  BATON_CONTROL_SOCKET_HELD: ExitCode.configuration,
  BATON_CONTROL_SOCKET_UNUSABLE: ExitCode.configuration,
  BATON_LISTEN_SOCKET_HELD: ExitCode.configuration,
  BATON_LISTEN_SOCKET_UNUSABLE: ExitCode.configuration,
  BATON_LOG_FILE: ExitCode.configuration,
  BATON_INHERITED_SOCKETS: ExitCode.configuration,
  BATON_INHERITED_SOCKET_UNUSABLE: ExitCode.configuration
}

const words = findCommand(process.argv.slice(2))

try {
  await run()
} catch (error) {
  const { code = '', message } = error as NodeJS.ErrnoException
  process.stderr.write(`baton: ${message}\n${code === 'BATON_USAGE' ? `\n${usage(words.name)}` : ''}`)
  process.exit(CODES[code] ?? ExitCode.cannotStart)
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
