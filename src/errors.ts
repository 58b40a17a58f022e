import { inspect } from 'node:util'
import createError from '@fastify/error'

/** Every error of ours; they are compared by `code`. */

export const InvalidSettingsError = createError<[string]>(
  'BATON_INVALID_SETTINGS', 'the configuration is wrong:\n%s'
)

export const EnvFileError = createError<[string, string]>(
  'BATON_ENV_FILE', 'ENV_FILE %s cannot be read (%s)'
)

export const UsageError = createError<[string]>(
  'BATON_USAGE', '%s'
)

export const PidFileHeldError = createError<[string, number]>(
  'BATON_PID_FILE_HELD', 'PID_FILE %s names the process %d, which is alive: stop it first, or give this instance a file of its own'
)

export const PidFileUnusableError = createError<[string, string]>(
  'BATON_PID_FILE_UNUSABLE', 'PID_FILE %s cannot be written (%s)'
)

export const ListenSocketHeldError = createError<[string]>(
  'BATON_LISTEN_SOCKET_HELD', 'LISTEN_SOCKET %s is in use: somebody listens there; stop that first, or give this instance a socket of its own'
)

export const ListenSocketUnusableError = createError<[string, string]>(
  'BATON_LISTEN_SOCKET_UNUSABLE', 'LISTEN_SOCKET %s cannot be listened on: %s'
)

export const PortInUseError = createError<[number, string, string, string]>(
  'BATON_PORT_IN_USE', 'port %d (%s) is in use by %s: stop that process, or set %s to another port'
)

export const PortUnusableError = createError<[number, string, string, string]>(
  'BATON_PORT_UNUSABLE', 'port %d (%s) of host %s cannot be listened on (%s)'
)

export const SlotPortTooHighError = createError<[number, number, number]>(
  'BATON_SLOT_PORT_TOO_HIGH', 'slot %d cannot have its port: SLOT_PORT_BASE is %d, which makes it %d, and the highest is 65535'
)

export const LogFileError = createError<[string, string]>(
  'BATON_LOG_FILE', 'LOG_FILE %s cannot be opened (%s)'
)

export const TlsFileError = createError<[string, string, string, string]>(
  'BATON_TLS_FILE', '%s %s cannot be used: it must be %s (%s)'
)

export const TlsPairError = createError<[string, string]>(
  'BATON_TLS_PAIR', 'TLS_KEY_FILE %s does not belong to the certificate in TLS_CERT_FILE %s: name the key that the certificate was made for'
)

export const TransportFixedError = createError<[string, string]>(
  'BATON_TRANSPORT_FIXED', 'a reload cannot go from %s to %s (TLS_CERT_FILE, TLS_KEY_FILE, HTTP2), because clients of the port go on as they began: restart the service for it'
)

export const InheritedSocketsError = createError<[string]>(
  'BATON_INHERITED_SOCKETS', 'LISTEN_FDS is %s: it must be 1, because one socket is listened on (one ListenStream= in the .socket unit)'
)

export const InheritedSocketUnusableError = createError<[number, string]>(
  'BATON_INHERITED_SOCKET_UNUSABLE', 'the inherited descriptor %d %s: it must be a listening stream socket (ListenStream=, and Accept=no, in the .socket unit)'
)

export const InheritedSocketLostError = createError<[number]>(
  'BATON_INHERITED_SOCKET_LOST', 'no worker is left that listens on the inherited descriptor %d, and Node has closed it: only whoever holds the socket can start the service with it again'
)

export const ApplicationNotFoundError = createError<[string]>(
  'BATON_APPLICATION_NOT_FOUND', 'the application %s does not exist: name the file of a Fastify plugin'
)

export const NoPluginError = createError<[string, string]>(
  'BATON_NO_PLUGIN', 'the application %s has no plugin: its default export is %s, and it must be a function (fastify, opts)'
)

export const OptionNotAllowedError = createError<[string, string, string]>(
  'BATON_OPTION_NOT_ALLOWED', 'the application %s may not set the server option "%s": %s'
)

export const OptionsNotAnObjectError = createError<[string, string]>(
  'BATON_OPTIONS_NOT_AN_OBJECT', 'the export "options" of the application %s is %s, and it must be an object of Fastify server options'
)

export const HealthRouteTakenError = createError<[string]>(
  'BATON_HEALTH_ROUTE_TAKEN', 'the application has a route of its own at %s, where Baton answers health checks: set HEALTH_PREFIX to another path, or to nothing to turn the health routes off'
)

export const ProtocolMismatchError = createError<[number | string, number]>(
  'BATON_PROTOCOL_MISMATCH', 'the worker speaks version %s of the message protocol and this primary version %d: Baton itself has changed, so restart it instead of reloading'
)

export const StartTimeoutError = createError<[number]>(
  'BATON_START_TIMEOUT', 'the worker was not ready %d ms after its fork (START_TIMEOUT_MS)'
)

export const WorkerExitedError = createError<[string]>(
  'BATON_WORKER_EXITED', 'the worker %s before it was ready'
)

export const CanarySilentError = createError<[number]>(
  'BATON_CANARY_SILENT', 'the first worker of the release was ready, and did not answer %d ms later'
)

export const WorkerHungError = createError<[number]>(
  'BATON_WORKER_HUNG', 'the worker hangs: no heartbeat for %d ms (HEARTBEAT_TIMEOUT_MS)'
)

export const MessageNotSentError = createError<[string]>(
  'BATON_MESSAGE_NOT_SENT', 'the message was not sent: %s'
)

export const ControlSocketHeldError = createError<[string, string]>(
  'BATON_CONTROL_SOCKET_HELD', 'the control socket %s is held by %s: stop it first, or give this instance a socket of its own (CONTROL_SOCKET)'
)

export const ControlSocketUnusableError = createError<[string, string]>(
  'BATON_CONTROL_SOCKET_UNUSABLE', 'the control socket %s cannot be used: %s'
)


export const ServiceStoppingError = createError(
  'BATON_SERVICE_STOPPING', 'the service is stopping'
)

export const ForkFailedError = createError<[string]>(
  'BATON_FORK_FAILED', 'no process could be started for the worker (%s)'
)

export const UncleanCloseError = createError<[string]>(
  'BATON_UNCLEAN_CLOSE', 'the application was ready, and did not close well: %s'
)

export const NoInstanceError = createError<[string]>(
  'BATON_NO_INSTANCE', 'no service answers; looked at:\n%s'
)

export const SeveralInstancesError = createError<[string]>(
  'BATON_SEVERAL_INSTANCES', 'several services answer; name one with --socket:\n%s'
)

export const ServiceWentAwayError = createError<[string, string]>(
  'BATON_SERVICE_WENT_AWAY', 'the service went away before it said %s (%s)'
)

export const StrangeAnswerError = createError<[string, string]>(
  'BATON_STRANGE_ANSWER', 'the answer to %s is not one of Baton: %s'
)

export const RequestRefusedError = createError<[string]>(
  'BATON_REQUEST_REFUSED', '%s'
)

export const CommandTimeoutError = createError<[string, string]>(
  'BATON_COMMAND_TIMEOUT', 'after %s it is not over: %s'
)

export const InterruptedError = createError<[string]>(
  'BATON_INTERRUPTED', 'not waiting any longer: %s'
)

/** An error as it crosses from a worker to the primary, and as it is logged. */
export interface ErrorReport {
  readonly message: string
  readonly code?: string
  readonly stack?: string
}

/** @returns what of `error` can be sent in a message; anything may have been thrown */
export function toErrorReport (error: unknown): ErrorReport {
  if (!(error instanceof Error)) {
    return { message: `something that is not an Error was thrown: ${inspect(error)}` }
  }
  const code = (error as NodeJS.ErrnoException).code
  return {
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack })
  }
}
