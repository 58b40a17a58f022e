import { pino, stdSerializers, type Logger } from 'pino'
import type { ErrorReport } from '../errors.ts'
import { LogDestination, withoutWaiting, type Write } from './destination.ts'
import { redact } from './redaction.ts'
import { readableStack } from './stack.ts'

export type { Logger } from 'pino'

interface LoggerOptions {
  readonly level: string
  /** Fields of every line: slot, generation and pid in a worker. */
  readonly base?: Readonly<Record<string, unknown>>
  /** A message that is not logged, because another line says the same better. */
  readonly mute?: string
  /** A `LogFile`, to use instead of standard output. */
  readonly file?: { readonly destination: LogDestination } | undefined
}

/** Standard output; a parameter for tests. */
interface Output {
  readonly write: Write
  readonly isTerminal: boolean
  readonly onExit: (listener: () => void) => unknown
}

/** @returns a logger for a file or for standard output; it writes JSON, or pretty lines on a terminal */
export async function createLogger (
  { level, base, mute, file }: LoggerOptions, { write, isTerminal, onExit }: Output = standardOutput()
): Promise<Logger> {
  const destination = file?.destination ?? new LogDestination(write, isTerminal ? await prettify() : undefined)
  onExit(() => { destination.flush() })
  return pino({
    level,
    // No hostname, which log collectors add, and no pid: a line of the primary names the process that it is about.
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

/**
 * As pino does it, but with the type that an error report carries (pino gives every plain object the type "Object"),
 * and with a stack that points to the sources.
 */
function serializeError (error: Error): object {
  const line: { type: string, stack: string } | null = stdSerializers.err(error)
  const type = (error as ErrorReport | null)?.type
  if (typeof type === 'string' && line.type === 'Object') line.type = type
  if (typeof line?.stack === 'string') line.stack = readableStack(line.stack)
  return line
}

/** @returns a function that makes a line of JSON readable; its package is loaded only for a terminal */
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
