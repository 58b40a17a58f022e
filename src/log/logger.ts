import { pino, stdSerializers, type Logger } from 'pino'
import type { ErrorReport } from '../errors.ts'
import { LogDestination, withoutWaiting, type Write } from './destination.ts'
import type { LogFile } from './file.ts'
import { redact } from './redaction.ts'
import { readableStack } from './stack.ts'

export type { Logger } from 'pino'

interface LoggerOptions {
  readonly level: string
  /** Fields of every line: slot, generation and pid in a worker. */
  readonly base?: Readonly<Record<string, unknown>>
  /** A message that is not logged: for what a library says of itself and somebody else says better. */
  readonly mute?: string
  /** Instead of standard output. */
  readonly file?: LogFile | undefined
}

/** Where the lines go; a parameter for tests. */
interface Output {
  readonly write: Write
  readonly isTerminal: boolean
  readonly onExit: (listener: () => void) => unknown
}

/** @returns a logger for a file or for standard output: JSON lines, and pretty ones when that is a terminal */
export async function createLogger (
  { level, base, mute, file }: LoggerOptions, { write, isTerminal, onExit }: Output = standardOutput()
): Promise<Logger> {
  const destination = file?.destination ?? new LogDestination(write, isTerminal ? await prettify() : undefined)
  onExit(() => { destination.flush() })
  return pino({
    level,
    // Without a hostname: who collects logs adds it, and a primary names the pid that a line is about.
    base: base ?? null,
    serializers: { err: serializeError },
    hooks: {
      logMethod (parameters, method) {
        if (mute === undefined || parameters[0] as unknown !== mute) method.apply(this, parameters)
      },
      streamWrite: redact
    }
  }, destination)
}

/** With the type of an error report, to which pino gives the type "Object" like to every plain object, and with the positions of the sources. */
function serializeError (error: Error): object {
  const line: { type: string, stack: string } | null = stdSerializers.err(error)
  const type = (error as ErrorReport | null)?.type
  if (typeof type === 'string' && line.type === 'Object') line.type = type
  if (typeof line?.stack === 'string') line.stack = readableStack(line.stack)
  return line
}

/** @returns what turns a line of JSON into one for a person; loaded only for one */
async function prettify (): Promise<(line: string) => string> {
  const { prettyFactory } = await import('pino-pretty')
  return prettyFactory({
    colorize: true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'event,pid',
    singleLine: true
  })
}

function standardOutput (): Output {
  return {
    write: withoutWaiting(process.stdout),
    isTerminal: process.stdout.isTTY,
    onExit: (listener) => process.once('exit', listener)
  }
}
