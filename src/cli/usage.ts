/** The commands; `start` may be left out. */
export const COMMANDS = ['start', 'check', 'reload', 'status', 'scale', 'stop'] as const
export type CommandName = typeof COMMANDS[number]

const COMMON = `  -h, --help           show this
  -v, --version        show the version
`
const INSTANCE = `  --socket <path>      control socket of the instance; without it that of
                       CONTROL_SOCKET or PORT, or the only one that answers
`
const JSON_ANSWER = '  --json               print JSON\n'

const GENERAL = `Usage: baton [start] [application]
       baton <command> [options]

Serves a Fastify application on every core, and reloads it on SIGHUP without
failing one request.

  start [application]  serve; the word may be left out
  check [application]  try settings and application, without serving
  reload               have the running service take new code and settings
  status               show the running service and its workers
  scale <workers>      change the number of its workers
  stop                 have it answer what is under way, and end

${COMMON}
An application is the file of a Fastify plugin; without it, and without APP, it
is the built-in example. One that is named like a command is given as a path:
./reload

Settings are environment variables (HOST, PORT, WORKERS, APP, LOG_LEVEL, ...):
see docs/settings.md.
`

const OF_COMMANDS: Readonly<Record<CommandName, string>> = {
  start: `Usage: baton [start] [application]

Serves the application until SIGTERM or SIGINT.

${COMMON}`,
  check: `Usage: baton check [application] [--json]

Reads the settings, finds the files, and has the application become ready once
without listening, in a process of its own. Exit code 0: it would start; 78: the
configuration is wrong; 3: the application cannot start.

${JSON_ANSWER}${COMMON}`,
  reload: `Usage: baton reload [--drained] [--timeout <seconds>] [--socket <path>] [--json]

Does what SIGHUP does, shows each step, and waits. Exit code 0: all workers are
of the new generation; 1: it failed, was refused or overtaken, or is not over in
time; 69: no service answers.

  --drained            wait until the workers of older generations have gone too
  --timeout <seconds>  how long to wait, 600 unless given; the reload goes on
                       after it
${INSTANCE}  --json               print each event as a line of JSON
${COMMON}`,
  status: `Usage: baton status [--watch [seconds]] [--socket <path>] [--json]

Shows the service and its workers. Exit code 0: it serves; 1: no worker of it is
ready; 69: no service answers.

  --watch [seconds]    show it again and again, every 2 seconds unless given
${INSTANCE}${JSON_ANSWER}${COMMON}`,
  scale: `Usage: baton scale <workers> [--timeout <seconds>] [--socket <path>] [--json]

Changes the number of workers, 1 to 1024, and waits until so many are ready; the
next reload reads WORKERS again. Exit code 0: they are; 1: not in time, or it
was refused; 69: no service answers.

  --timeout <seconds>  how long to wait, 600 unless given; the change goes on
                       after it
${INSTANCE}${JSON_ANSWER}${COMMON}`,
  stop: `Usage: baton stop [--timeout <seconds>] [--socket <path>] [--json]

Does what SIGTERM does, and waits until the service has ended. Exit code 0: it
ended with code 0; 1: with another one, or not in time; 69: no service answers.

  --timeout <seconds>  how long to wait, 600 unless given; the stop goes on
                       after it
${INSTANCE}${JSON_ANSWER}${COMMON}`
}

/** @param command undefined when none was given */
export function usage (command: CommandName | undefined): string {
  return command === undefined ? GENERAL : OF_COMMANDS[command]
}
