import { format, inspect } from 'node:util'
import { ExitCode } from './exit-codes.ts'
import { readableStack } from './log/stack.ts'

/** An error of ours. Compare errors by `code`, because one that crossed a process boundary has lost its class. */
export class BatonError extends Error {
  readonly code: string
  readonly #exitCode: ExitCode | undefined

  constructor (code: string, message: string, exitCode: ExitCode | undefined) {
    super(message)
    this.code = code
    this.#exitCode = exitCode
  }

  /** What a process exits with that this error ends; undefined when that depends on where it happened. */
  get exitCode (): ExitCode | undefined {
    return this.#exitCode
  }
}

type ErrorClass<Values extends unknown[]> = new (...values: Values) => BatonError

/**
 * Makes one row of the table below.
 *
 * @param text as for `util.format()`, which puts the values in
 * @returns a class named after its code: `BATON_PID_FILE_HELD` makes `PidFileHeldError`
 */
function defineError<Values extends unknown[] = []> (
  code: string, text: string, exitCode?: ExitCode
): ErrorClass<Values> {
  const words = code.split('_').slice(1).map((word) => `${word[0]}${word.slice(1).toLowerCase()}`)
  const name = `${words.join('')}Error`
  const CustomError = class extends BatonError {
    constructor (...values: Values) {
      super(code, format(text, ...values), exitCode)
    }
  }
  // The log shows the name of the class, and a stack begins with that of the prototype.
  Object.defineProperty(CustomError, 'name', { value: name })
  Object.defineProperty(CustomError.prototype, 'name', { value: name })
  return CustomError
}

/** @returns what a process exits with that `error` ends */
export function exitCodeOf (error: unknown, otherwise: ExitCode): ExitCode {
  return (error instanceof BatonError ? error.exitCode : undefined) ?? otherwise
}

export const InvalidSettingsError = defineError<[string]>(
  'BATON_INVALID_SETTINGS',
  'the configuration is wrong:\n%s',
  ExitCode.configuration
)

export const EnvFileError = defineError<[string, string]>(
  'BATON_ENV_FILE',
  'ENV_FILE %s cannot be read (%s)',
  ExitCode.configuration
)

export const UsageError = defineError<[string]>(
  'BATON_USAGE',
  '%s',
  ExitCode.usage
)

export const PidFileHeldError = defineError<[string, number]>(
  'BATON_PID_FILE_HELD',
  'PID_FILE %s names process %d, which is running: stop it first, or give this instance its own file',
  ExitCode.configuration
)

export const PidFileUnusableError = defineError<[string, string]>(
  'BATON_PID_FILE_UNUSABLE',
  'PID_FILE %s cannot be written (%s)',
  ExitCode.configuration
)

export const ListenSocketHeldError = defineError<[string]>(
  'BATON_LISTEN_SOCKET_HELD',
  'LISTEN_SOCKET %s is in use: stop the process that listens on it, or give this instance its own socket',
  ExitCode.configuration
)

export const ListenSocketUnusableError = defineError<[string, string]>(
  'BATON_LISTEN_SOCKET_UNUSABLE',
  'cannot listen on LISTEN_SOCKET %s: %s',
  ExitCode.configuration
)

export const PortInUseError = defineError<[number, string, string, string]>(
  'BATON_PORT_IN_USE',
  'port %d (%s) is in use by %s: stop that process, or set %s to another port',
  ExitCode.cannotStart
)

export const PortUnusableError = defineError<[number, string, string, string]>(
  'BATON_PORT_UNUSABLE',
  'cannot listen on port %d (%s) of host %s: %s',
  ExitCode.cannotStart
)

export const SlotPortTooHighError = defineError<[number, number, number]>(
  'BATON_SLOT_PORT_TOO_HIGH',
  'slot %d cannot have its port: SLOT_PORT_BASE is %d, which makes it %d, and the highest port is 65535',
  ExitCode.cannotStart
)

export const LogFileError = defineError<[string, string]>(
  'BATON_LOG_FILE',
  'LOG_FILE %s cannot be opened (%s)',
  ExitCode.configuration
)

export const TlsFileError = defineError<[string, string, string, string]>(
  'BATON_TLS_FILE',
  '%s %s cannot be used: it must be %s (%s)',
  ExitCode.configuration
)

export const TlsPairError = defineError<[string, string]>(
  'BATON_TLS_PAIR',
  'TLS_KEY_FILE %s does not match the certificate in TLS_CERT_FILE %s: use the key that the certificate was issued for',
  ExitCode.configuration
)

export const TransportFixedError = defineError<[string, string]>(
  'BATON_TRANSPORT_FIXED',
  'a reload cannot switch from %s to %s (TLS_CERT_FILE, TLS_KEY_FILE, HTTP2), because clients keep the protocol that ' +
  'they started with: restart the service instead'
)

export const InheritedSocketsError = defineError<[string]>(
  'BATON_INHERITED_SOCKETS',
  'LISTEN_FDS is %s: it must be 1, because Baton listens on one socket (one ListenStream= in the .socket unit)',
  ExitCode.configuration
)

export const InheritedSocketUnusableError = defineError<[number, string]>(
  'BATON_INHERITED_SOCKET_UNUSABLE',
  'the inherited descriptor %d %s: it must be a listening stream socket (ListenStream=, and Accept=no, in the ' +
  '.socket unit)',
  ExitCode.configuration
)

export const InheritedSocketLostError = defineError<[number]>(
  'BATON_INHERITED_SOCKET_LOST',
  'no worker is left that listens on the inherited descriptor %d, and Node has closed it: only the owner of the ' +
  'socket (systemd) can start the service with it again'
)

export const ApplicationNotFoundError = defineError<[string]>(
  'BATON_APPLICATION_NOT_FOUND',
  'the application %s does not exist: name the file of a Fastify plugin'
)

export const NoPluginError = defineError<[string, string]>(
  'BATON_NO_PLUGIN',
  'the application %s has no plugin: its default export is %s, and it must be a function (fastify, opts)'
)

export const OptionNotAllowedError = defineError<[string, string, string]>(
  'BATON_OPTION_NOT_ALLOWED',
  'the application %s may not set the server option "%s": %s'
)

export const OptionsNotAnObjectError = defineError<[string, string]>(
  'BATON_OPTIONS_NOT_AN_OBJECT',
  'the export "options" of the application %s is %s, and it must be an object of Fastify server options'
)

export const HealthRouteTakenError = defineError<[string]>(
  'BATON_HEALTH_ROUTE_TAKEN',
  'the application has its own route at %s, where Baton answers health checks: set HEALTH_PREFIX to another path, or ' +
  'to nothing to turn the health routes off'
)

export const ProtocolMismatchError = defineError<[number | string, number]>(
  'BATON_PROTOCOL_MISMATCH',
  'the worker speaks version %s of the message protocol and this primary version %d: Baton itself has changed, so ' +
  'restart it instead of reloading'
)

export const StartTimeoutError = defineError<[number]>(
  'BATON_START_TIMEOUT',
  'the worker was not ready %d ms after its fork (START_TIMEOUT_MS)'
)

export const WorkerExitedError = defineError<[string]>(
  'BATON_WORKER_EXITED',
  'the worker %s before it was ready'
)

export const CanarySilentError = defineError<[number]>(
  'BATON_CANARY_SILENT',
  'the first worker of the release was ready, but did not answer a ping %d ms later'
)

export const WorkerHungError = defineError<[number]>(
  'BATON_WORKER_HUNG',
  'the worker hangs: no heartbeat for %d ms (HEARTBEAT_TIMEOUT_MS)'
)

export const MessageNotSentError = defineError<[string]>(
  'BATON_MESSAGE_NOT_SENT',
  'the message was not sent: %s'
)

export const ControlSocketHeldError = defineError<[string, string]>(
  'BATON_CONTROL_SOCKET_HELD',
  'the control socket %s is held by %s: stop it first, or give this instance its own socket (CONTROL_SOCKET)',
  ExitCode.configuration
)

export const ControlSocketUnusableError = defineError<[string, string]>(
  'BATON_CONTROL_SOCKET_UNUSABLE',
  'the control socket %s cannot be used: %s',
  ExitCode.configuration
)

export const ServiceStoppingError = defineError(
  'BATON_SERVICE_STOPPING',
  'the service is stopping'
)

export const ForkFailedError = defineError<[string]>(
  'BATON_FORK_FAILED',
  'cannot start a process for the worker (%s)'
)

export const UncleanCloseError = defineError<[string]>(
  'BATON_UNCLEAN_CLOSE',
  'the application became ready, but did not close cleanly: %s'
)

export const NoInstanceError = defineError<[string]>(
  'BATON_NO_INSTANCE',
  'no service answers; looked at:\n%s',
  ExitCode.unavailable
)

export const SeveralInstancesError = defineError<[string]>(
  'BATON_SEVERAL_INSTANCES',
  'several services answer; choose one with --socket:\n%s',
  ExitCode.usage
)

export const ServiceWentAwayError = defineError<[string, string]>(
  'BATON_SERVICE_WENT_AWAY',
  'lost the connection to the service while waiting for %s (%s)',
  ExitCode.forced
)

export const StrangeAnswerError = defineError<[string, string]>(
  'BATON_STRANGE_ANSWER',
  'the answer to %s does not come from Baton: %s',
  ExitCode.forced
)

export const RequestRefusedError = defineError<[string]>(
  'BATON_REQUEST_REFUSED',
  '%s',
  ExitCode.forced
)

export const CommandTimeoutError = defineError<[string, string]>(
  'BATON_COMMAND_TIMEOUT',
  'not done after %s; %s',
  ExitCode.forced
)

export const InterruptedError = defineError<[string]>(
  'BATON_INTERRUPTED',
  'interrupted; %s',
  ExitCode.interrupted
)

/** An error as it crosses from a worker to the primary, and as it is logged. */
export interface ErrorReport {
  /** Name of its class; missing in the reports of older releases. */
  readonly type?: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
}

/** @returns the part of `error` that can be sent in a message; any value may have been thrown */
export function toErrorReport (error: unknown): ErrorReport {
  if (!(error instanceof Error)) {
    return { message: `a value that is not an Error was thrown: ${inspect(error)}` }
  }
  const { code } = error as NodeJS.ErrnoException
  return {
    type: className(error),
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: readableStack(error.stack) })
  }
}

/** As pino finds it: few applications set `name` in their own classes. */
function className (error: Error): string {
  return String((error.constructor as { readonly name: unknown } | undefined)?.name ?? error.name)
}
