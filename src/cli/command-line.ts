import { parseArgs, type ParseArgsConfig } from 'node:util'
import { UsageError } from '../errors.ts'
import { MAX_TIMER } from '../config/setting-kinds.ts'
import { COMMANDS, type CommandName } from './usage.ts'

/** Of waiting for a reload, a change of the number of workers, a stop; milliseconds. */
const DEFAULT_TIMEOUT = 600_000
/** Seconds between two pictures of `--watch`. */
const DEFAULT_WATCH = '2'
const MAX_WORKERS = 1024
const SECONDS = /^\d+(\.\d+)?$/

interface Answer {
  /** Machine-readable output. */
  readonly json: boolean
}

interface ToInstance extends Answer {
  /** Path of the control socket, if it was given. */
  readonly socket: string | undefined
}

interface Waiting extends ToInstance {
  /** Milliseconds. */
  readonly timeout: number
}

export interface ReloadCommand extends Waiting {
  readonly command: 'reload'
  /** Wait for the end of the old workers as well. */
  readonly drained: boolean
}

export interface StatusCommand extends ToInstance {
  readonly command: 'status'
  /** Milliseconds between two pictures; undefined for one. */
  readonly watch: number | undefined
}

export interface ScaleCommand extends Waiting {
  readonly command: 'scale'
  readonly workers: number
}

export interface StopCommand extends Waiting {
  readonly command: 'stop'
}

/** What is asked of a running instance. */
export type ClientCommand = ReloadCommand | StatusCommand | ScaleCommand | StopCommand

export type Command =
  | { readonly command: 'help' }
  | { readonly command: 'version' }
  /** `application` as typed. */
  | { readonly command: 'start', readonly application: string | undefined }
  | Answer & { readonly command: 'check', readonly application: string | undefined }
  | ClientCommand

/** A command line before its options are read. */
export interface Words {
  /** Undefined when none was named, which starts the service as well. */
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
 * Finds the command: the first word that is no option, if it is the name of one. After `--` all words are
 * applications.
 */
export function findCommand (words: readonly string[]): Words {
  const args = withOptionalValue(words, '--watch', DEFAULT_WATCH)
  const { tokens } = parseArgs({ args, strict: false, allowPositionals: true, tokens: true, options: { ...HELP, ...WAITING } })
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

  const json = values.json ?? false
  const answer = { socket: values.socket, json }
  if (values.socket === '') throw new UsageError('--socket is empty: it must be the path of a control socket')
  if (command === 'start') return { command, application: readApplication(positionals) }
  if (command === 'check') return { command, json, application: readApplication(positionals) }
  if (command === 'scale') return { command, ...answer, timeout: readTimeout(values), workers: readWorkers(positionals) }
  if (positionals.length > 0) throw new UsageError(`${command} takes no argument, and was given ${positionals.join(' ')}`)
  if (command === 'status') return { command, ...answer, watch: values.watch === undefined ? undefined : readSeconds('--watch', values.watch) }
  if (command === 'stop') return { command, ...answer, timeout: readTimeout(values) }
  return { command, ...answer, timeout: readTimeout(values), drained: values.drained ?? false }
}

function parse (rest: readonly string[], options: NonNullable<ParseArgsConfig['options']>): { values: Values, positionals: string[] } {
  try {
    return parseArgs({ args: [...rest], allowPositionals: true, options: { ...HELP, ...options } })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function readApplication (positionals: readonly string[]): string | undefined {
  if (positionals.length > 1) throw new UsageError(`one application at a time, not ${positionals.length}: ${positionals.join(' ')}`)
  return positionals[0]
}

function readWorkers (positionals: readonly string[]): number {
  const [word, ...others] = positionals
  if (word === undefined || others.length > 0) throw new UsageError(`scale takes one argument, the number of workers, and was given ${positionals.length}`)
  const workers = Number(word)
  if (!/^\d+$/.test(word) || workers < 1 || workers > MAX_WORKERS) {
    throw new UsageError(`the number of workers is "${word}": it must be an integer from 1 to ${MAX_WORKERS}`)
  }
  return workers
}

function readTimeout ({ timeout }: Values): number {
  return timeout === undefined ? DEFAULT_TIMEOUT : readSeconds('--timeout', timeout)
}

/** @returns milliseconds */
function readSeconds (option: string, text: string): number {
  const milliseconds = Math.round(Number(text) * 1000)
  if (!SECONDS.test(text) || milliseconds < 1 || milliseconds > MAX_TIMER) {
    throw new UsageError(`${option} is "${text}": it must be a number of seconds from 0.001 to ${Math.floor(MAX_TIMER / 1000)}`)
  }
  return milliseconds
}

/** `parseArgs()` knows options with a value and without, and none that may have one. */
function withOptionalValue (words: readonly string[], option: string, fallback: string): string[] {
  const end = words.indexOf('--')
  const at = words.indexOf(option)
  if (at === -1 || (end !== -1 && at > end)) return [...words]
  const next = words[at + 1]
  const isValue = next !== undefined && /^\d/.test(next)
  return [...words.slice(0, at), `${option}=${isValue ? next : fallback}`, ...words.slice(at + (isValue ? 2 : 1))]
}
