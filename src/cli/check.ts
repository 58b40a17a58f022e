import type { ErrorReport } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'
import type { CheckResult } from '../primary/release/check.ts'
import type { Output } from './output.ts'
import { milliseconds } from './units.ts'

/** Shows the result of a check of the configuration and of the application. */
export function showCheck ({ problems, application }: CheckResult, json: boolean, output: Output): ExitCode {
  const code = codeOf({ problems, application })
  if (json) {
    output.write(`${JSON.stringify({ ok: code === ExitCode.ok, problems, application })}\n`)
    return code
  }

  for (const { message } of problems) output.warn(`baton: ${message}\n`)
  if (application === null) return code
  output.write('configuration ok\n')
  if (application.error === null) output.write(`application ok (ready in ${milliseconds(application.durationMs)})\n`)
  else output.warn(`baton: the application cannot start: ${describe(application.error)}\n`)
  if (application.warning !== null) output.warn(`baton: ${application.warning.message}\n`)
  return code
}

function codeOf ({ problems, application }: CheckResult): ExitCode {
  if (problems.length > 0) return ExitCode.configuration
  return application?.error == null ? ExitCode.ok : ExitCode.cannotStart
}

/** The message of an error of ours is enough; any other error needs its stack to be understood. */
function describe ({ code = '', message, stack = message }: ErrorReport): string {
  return code.startsWith('BATON_') ? message : stack
}
