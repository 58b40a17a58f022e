#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { UsageError } from './errors.ts'
import { ExitCode } from './exit-codes.ts'
import { runPrimary } from './primary/index.ts'

const USAGE = `Usage: baton [application]

Serves a Fastify application on every core, and reloads it on SIGHUP without failing one request.

  application     file of a Fastify plugin; without it, and without APP, the built-in example

  -h, --help      show this
  -v, --version   show the version

Settings are environment variables (HOST, PORT, WORKERS, ...): see the README.
`

/** Exit codes by the code of an error that ends the start. */
const CODES: Readonly<Record<string, ExitCode>> = {
  BATON_USAGE: ExitCode.usage,
  BATON_INVALID_SETTINGS: ExitCode.configuration,
  BATON_ENV_FILE: ExitCode.configuration,
  BATON_PID_FILE_HELD: ExitCode.configuration,
  BATON_PID_FILE_UNUSABLE: ExitCode.configuration,
  BATON_INHERITED_SOCKETS: ExitCode.configuration,
  BATON_INHERITED_SOCKET_UNUSABLE: ExitCode.configuration
}

try {
  const { help, version, application } = readArguments()
  if (help) process.stdout.write(USAGE)
  else if (version) process.stdout.write(`${readVersion()}\n`)
  else await runPrimary(application)
} catch (error) {
  const { code = '', message } = error as NodeJS.ErrnoException
  process.stderr.write(`baton: ${message}\n${code === 'BATON_USAGE' ? `\n${USAGE}` : ''}`)
  process.exit(CODES[code] ?? ExitCode.cannotStart)
}

function readArguments (): { help: boolean, version: boolean, application: string | undefined } {
  let parsed
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h', default: false }, version: { type: 'boolean', short: 'v', default: false } }
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  const { values, positionals } = parsed
  if (positionals.length > 1) throw new UsageError(`one application at a time, not ${positionals.length}: ${positionals.join(' ')}`)
  return { ...values, application: positionals[0] }
}

function readVersion (): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
}
