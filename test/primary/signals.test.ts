import { EventEmitter } from 'node:events'
import t from 'tap'
import { handleSignals } from '../../src/primary/signals.ts'

type Step = readonly [at: number, signal: NodeJS.Signals]

/** @returns the commands that result from signals at these times, in milliseconds */
function commandsOf (steps: readonly Step[]): string[] {
  const source = new EventEmitter()
  const commands: string[] = []
  let now = 0
  handleSignals(source, {
    reload: () => { commands.push('reload') },
    scale: (difference) => { commands.push(`scale ${difference}`) },
    reopenLogs: () => { commands.push('reopen logs') },
    stop: (isUrgent) => { commands.push(isUrgent ? 'stop now' : 'stop') },
    kill: () => { commands.push('kill') }
  }, () => now)

  for (const [at, signal] of steps) {
    now = at
    source.emit(signal, signal)
  }
  return commands
}

const ROWS: ReadonlyArray<readonly [title: string, steps: readonly Step[], commands: readonly string[]]> = [
  ['SIGHUP reloads', [[0, 'SIGHUP']], ['reload']],
  ['each SIGHUP reloads, however soon', [[0, 'SIGHUP'], [1, 'SIGHUP'], [2, 'SIGHUP']], ['reload', 'reload', 'reload']],
  ['SIGTTIN adds a worker', [[0, 'SIGTTIN']], ['scale 1']],
  ['SIGTTOU removes a worker', [[0, 'SIGTTOU']], ['scale -1']],
  ['SIGTERM stops', [[0, 'SIGTERM']], ['stop']],
  ['SIGQUIT stops', [[0, 'SIGQUIT']], ['stop']],
  ['SIGINT stops without waiting for idle connections', [[0, 'SIGINT']], ['stop now']],
  ['each SIGUSR2 reopens the log files', [[0, 'SIGUSR2'], [1, 'SIGUSR2']], ['reopen logs', 'reopen logs']],
  ['a signal that is repeated within 500 ms counts once', [[7, 'SIGINT'], [7, 'SIGINT'], [506, 'SIGINT']], ['stop now']],
  ['a repeated SIGTERM counts once as well', [[7, 'SIGTERM'], [506.9, 'SIGTERM']], ['stop']],
  ['the same signal after 500 ms kills', [[7, 'SIGTERM'], [507, 'SIGTERM']], ['stop', 'kill']],
  ['repeated signals do not extend the 500 ms', [[0, 'SIGINT'], [300, 'SIGINT'], [600, 'SIGINT']], ['stop now', 'kill']],
  ['another signal kills at once', [[0, 'SIGTERM'], [1, 'SIGINT']], ['stop', 'kill']],
  ['SIGTERM kills after SIGINT', [[0, 'SIGINT'], [0, 'SIGTERM']], ['stop now', 'kill']],
  ['SIGQUIT kills after SIGTERM', [[0, 'SIGTERM'], [1, 'SIGQUIT']], ['stop', 'kill']],
  ['a second signal kills, however late', [[0, 'SIGTERM'], [3_600_000, 'SIGTERM']], ['stop', 'kill']],
  ['a reload does not count as a first signal', [[0, 'SIGHUP'], [1, 'SIGTERM']], ['reload', 'stop']],
  ['other commands still arrive during a stop', [[0, 'SIGTERM'], [1, 'SIGHUP'], [2, 'SIGTTIN']], ['stop', 'reload', 'scale 1']],
  ['other signals are not handled', [[0, 'SIGUSR1'], [0, 'SIGPIPE']], []]
]

for (const [title, steps, commands] of ROWS) {
  await t.test(title, async (t) => {
    t.strictSame(commandsOf(steps), commands)
  })
}

await t.test('by default the time is that of the process', async (t) => {
  const source = new EventEmitter()
  const commands: string[] = []
  const note = (command: string) => () => { commands.push(command) }
  handleSignals(source, { reload: note('reload'), scale: note('scale'), reopenLogs: note('reopen logs'), stop: note('stop'), kill: note('kill') })

  source.emit('SIGTERM')
  source.emit('SIGTERM')

  t.strictSame(commands, ['stop'])
})
