import { isatty } from 'node:tty'
import { pino, type DestinationStream, type Logger } from 'pino'
import { LogDestination } from './log-destination.ts'

export type { Logger } from 'pino'

const STDOUT = 1

interface LoggerOptions {
  readonly level: string
  /** Fields of every line: slot, generation and pid in a worker. */
  readonly base?: Readonly<Record<string, unknown>>
  /** A message that is not logged: for what a library says of itself and somebody else says better. */
  readonly mute?: string
}

/** @returns a logger for standard output: JSON lines, and pretty ones when that is a terminal */
export async function createLogger ({ level, base, mute }: LoggerOptions): Promise<Logger> {
  const stdout = new LogDestination(STDOUT)
  return pino({
    level,
    // Without a hostname: who collects logs adds it, and a primary names the pid that a line is about.
    base: base ?? null,
    hooks: {
      logMethod (parameters, method) {
        if (mute === undefined || parameters[0] as unknown !== mute) method.apply(this, parameters)
      }
    },
    redact: ['req.headers.authorization', 'req.headers.cookie']
  }, isatty(STDOUT) ? await prettify(stdout) : stdout)
}

/** @returns a stream that writes for a person; loaded only for one */
export async function prettify (destination: LogDestination): Promise<DestinationStream> {
  const { prettyFactory } = await import('pino-pretty')
  const pretty = prettyFactory({
    colorize: true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'event,pid',
    singleLine: true
  })
  return { write: (line) => { destination.write(pretty(line) ?? '') } }
}
