import { runCommand } from '../../src/cli/index.ts'
import { findCommand, readCommand, type ClientCommand } from '../../src/cli/command-line.ts'
import { recordOutput, type RecordedOutput } from './recorded-output.ts'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a command as it is typed, in this process. */
export async function run (words: readonly string[], output: RecordedOutput = recordOutput(), interrupt: AbortSignal = new AbortController().signal): Promise<Ran> {
  const command = readCommand(findCommand(words)) as ClientCommand
  const code = await runCommand(command, {
    output,
    hint: { controlSocket: undefined, port: undefined },
    interrupt,
    places: { directories: [], ownDirectory: '/nowhere', uid: 0 }
  })
  return { code, out: output.out(), err: output.err() }
}
