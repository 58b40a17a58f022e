import { parseArgs, type ParseArgsConfig } from 'node:util'
import { UsageError } from '../errors.ts'
import { MAX_TIMER } from '../config/setting-kinds.ts'
import { COMMANDS, type CommandName } from './usage.ts'

/** Milliseconds that reload, scale and stop wait. */
const DEFAULT_TIMEOUT = 600_000
/** Seconds between two updates of `--watch`. */
const DEFAULT_WATCH = '2'
const MAX_WORKERS = 1024
const SECONDS = /^\d+(\.\d+)?$/

interface OutputOptions {
  /** Machine-readable output. */
  readonly json: boolean
}

interface InstanceOptions extends OutputOptions {
  /** Path of the control socket, if it was given. */
  readonly socket: string | undefined
}

interface WaitingOptions extends InstanceOptions {
  /** Milliseconds. */
  readonly timeout: number
}

export interface ReloadCommand extends WaitingOptions {
  readonly command: 'reload'
  /** Also wait until the old workers have exited. */
  readonly drained: boolean
}

export interface StatusCommand extends InstanceOptions {
  readonly command: 'status'
  /** Milliseconds between two updates; undefined to show the status once. */
  readonly watch: number | undefined
}

export interface ScaleCommand extends WaitingOptions {
  readonly command: 'scale'
  readonly workers: number
}

export interface StopCommand extends WaitingOptions {
  readonly command: 'stop'
}

/** A command for a running instance. */
export type ClientCommand = ReloadCommand | StatusCommand | ScaleCommand | StopCommand

export type Command =
  | { readonly command: 'help' }
  | { readonly command: 'version' }
  /** `application` as typed. */
  | { readonly command: 'start', readonly application: string | undefined }
  | OutputOptions & { readonly command: 'check', readonly application: string | undefined }
  | ClientCommand

/** A command line whose options have not been read yet. */
export interface Words {
  /** Undefined when the line names no command, which starts the service too. */
  readonly name: CommandName | undefined
  readonly rest: readonly string[]
}

const HELP = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } } as const
const INSTANCE = { socket: { type: 'string' }, json: { type: 'boolean' } } as const
const WAITING = { ...INSTANCE, timeout: { type: 'string' } } as const

const OPTIONS: Readonly<Record<CommandName, NonNullable<ParseArgsConfig['options']>>> = {
  start: {},
  check: { json: { type: 'boolean' } },
  reload: { ...WAITING, drained: { type: 'boolean' } },
  status: { ...INSTANCE, watch: { type: 'string' } },
  scale: WAITING,
  stop: WAITING
}

interface Values {
  readonly help?: boolean
  readonly version?: boolean
  readonly json?: boolean
  readonly drained?: boolean
  readonly socket?: string
  readonly timeout?: string
  readonly watch?: string
}

/**
 * Finds the command: the first word that is not an option, if it is the name of a command. After `--` every word is an
 * application.
 */
export function findCommand (words: readonly string[]): Words {
  const args = withOptionalValue(words, '--watch', DEFAULT_WATCH)
  const options = { ...HELP, ...WAITING }
  const { tokens } = parseArgs({ args, strict: false, allowPositionals: true, tokens: true, options })
  const first = tokens.find(({ kind }) => kind === 'positional' || kind === 'option-terminator')
  const name = first?.kind === 'positional' ? COMMANDS.find((command) => command === first.value) : undefined
  return { name, rest: args.filter((_, index) => name === undefined || index !== first?.index) }
}

/** @throws UsageError */
export function readCommand ({ name, rest }: Words): Command {
  const command = name ?? 'start'
  const { values, positionals } = parse(rest, OPTIONS[command])
  if (values.help === true) return { command: 'help' }
  if (values.version === true) return { command: 'version' }

  if (values.socket === '') throw new UsageError('--socket is empty: it must be the path of a control socket')
  const json = values.json ?? false
  const instance = { socket: values.socket, json }
  switch (command) {
    case 'start':
      return { command, application: readApplication(positionals) }
    case 'check':
      return { command, json, application: readApplication(positionals) }
    case 'reload':
      refuseArguments(command, positionals)
      return { command, ...instance, timeout: readTimeout(values), drained: values.drained ?? false }
    case 'status':
      refuseArguments(command, positionals)
      return { command, ...instance, watch: readWatch(values) }
    case 'scale':
      return { command, ...instance, timeout: readTimeout(values), workers: readWorkers(positionals) }
    case 'stop':
      refuseArguments(command, positionals)
      return { command, ...instance, timeout: readTimeout(values) }
  }
}

function parse (
  rest: readonly string[], options: NonNullable<ParseArgsConfig['options']>
): { values: Values, positionals: string[] } {
  try {
    return parseArgs({ args: [...rest], allowPositionals: true, options: { ...HELP, ...options } })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function refuseArguments (command: CommandName, positionals: readonly string[]): void {
  if (positionals.length > 0) throw new UsageError(`${command} takes no argument, but got ${positionals.join(' ')}`)
}

function readApplication (positionals: readonly string[]): string | undefined {
  if (positionals.length > 1) {
    throw new UsageError(`only one application is possible, not ${positionals.length}: ${positionals.join(' ')}`)
  }
  return positionals[0]
}

function readWorkers (positionals: readonly string[]): number {
  const [word, ...others] = positionals
  if (word === undefined || others.length > 0) {
    throw new UsageError(`scale takes one argument, the number of workers, but got ${positionals.length}`)
  }
  const workers = Number(word)
  if (!/^\d+$/.test(word) || workers < 1 || workers > MAX_WORKERS) {
    throw new UsageError(`the number of workers is "${word}": it must be an integer from 1 to ${MAX_WORKERS}`)
  }
  return workers
}

function readWatch ({ watch }: Values): number | undefined {
  return watch === undefined ? undefined : readSeconds('--watch', watch)
}

function readTimeout ({ timeout }: Values): number {
  return timeout === undefined ? DEFAULT_TIMEOUT : readSeconds('--timeout', timeout)
}

/** @returns milliseconds */
function readSeconds (option: string, text: string): number {
  const milliseconds = Math.round(Number(text) * 1000)
  if (!SECONDS.test(text) || milliseconds < 1 || milliseconds > MAX_TIMER) {
    const longest = Math.floor(MAX_TIMER / 1000)
    throw new UsageError(`${option} is "${text}": it must be a number of seconds from 0.001 to ${longest}`)
  }
  return milliseconds
}

/** `parseArgs()` has options with and without a value, but none whose value is optional. */
function withOptionalValue (words: readonly string[], option: string, fallback: string): string[] {
  const end = words.indexOf('--')
  const at = words.indexOf(option)
  if (at === -1 || (end !== -1 && at > end)) return [...words]
  const next = words[at + 1]
  const isValue = next !== undefined && /^\d/.test(next)
  return [...words.slice(0, at), `${option}=${isValue ? next : fallback}`, ...words.slice(at + (isValue ? 2 : 1))]
}
