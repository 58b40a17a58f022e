/** The commands; `start` may be omitted. */
export const COMMANDS = ['start', 'check', 'reload', 'status', 'scale', 'stop'] as const
export type CommandName = typeof COMMANDS[number]

const COMMON = `  -h, --help           show this help
  -v, --version        show the version
`
const INSTANCE = `  --socket <path>      control socket of the service (default: the one of
                       CONTROL_SOCKET or PORT, or the only one that answers)
`
const JSON_OUTPUT = '  --json               print JSON\n'

const GENERAL = `Usage: baton [start] [application]
       baton <command> [options]

Serves a Fastify application on every core, and reloads it on SIGHUP without
failing one request.

  start [application]  serve the application; "start" may be omitted
  check [application]  check settings and application without serving
  reload               make the running service load new code and settings
  status               show the running service and its workers
  scale <workers>      change the number of workers
  stop                 finish open requests, then stop the service

${COMMON}
The application is the file of a Fastify plugin. The default is the file that
APP names, or the built-in example. If the file has the name of a command,
write it as a path: ./reload

Settings are environment variables (HOST, PORT, WORKERS, APP, LOG_LEVEL, ...):
see docs/settings.md.
`

const OF_COMMANDS: Readonly<Record<CommandName, string>> = {
  start: `Usage: baton [start] [application]

Serves the application until SIGTERM or SIGINT.

${COMMON}`,
  check: `Usage: baton check [application] [--json]

Reads the settings, finds the files, and starts the application once in a
separate process that does not listen. Exit code 0: it would start; 78: the
configuration is wrong; 3: the application cannot start.

${JSON_OUTPUT}${COMMON}`,
  reload: `Usage: baton reload [--drained] [--timeout <seconds>] [--socket <path>] [--json]

Does what SIGHUP does, shows each step, and waits for the end. Exit code 0: all
workers run the new generation; 1: the reload failed, was refused or overtaken,
or has not ended in time; 69: no service answers.

  --drained            also wait until the workers of older generations have
                       exited
  --timeout <seconds>  how long to wait (default: 600); the reload continues
                       afterwards
${INSTANCE}  --json               print each event as a line of JSON
${COMMON}`,
  status: `Usage: baton status [--watch [seconds]] [--socket <path>] [--json]

Shows the service and its workers. Exit code 0: it serves; 1: none of its
workers is ready; 69: no service answers.

  --watch [seconds]    repeat until Ctrl-C (default: every 2 seconds)
${INSTANCE}${JSON_OUTPUT}${COMMON}`,
  scale: `Usage: baton scale <workers> [--timeout <seconds>] [--socket <path>] [--json]

Changes the number of workers, 1 to 1024, and waits until that many are ready;
the next reload reads WORKERS again. Exit code 0: they are ready; 1: they are
not ready in time, or the change was refused; 69: no service answers.

  --timeout <seconds>  how long to wait (default: 600); the change continues
                       afterwards
${INSTANCE}${JSON_OUTPUT}${COMMON}`,
  stop: `Usage: baton stop [--timeout <seconds>] [--socket <path>] [--json]

Does what SIGTERM does, and waits until the service has exited. Exit code 0: it
exited with code 0; 1: with another code, or not in time; 69: no service
answers.

  --timeout <seconds>  how long to wait (default: 600); the stop continues
                       afterwards
${INSTANCE}${JSON_OUTPUT}${COMMON}`
}

/** @param command undefined when the command line names none */
export function usage (command: CommandName | undefined): string {
  return command === undefined ? GENERAL : OF_COMMANDS[command]
}
