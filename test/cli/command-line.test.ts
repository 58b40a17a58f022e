import t from 'tap'
import { findCommand, readCommand, type Command } from '../../src/cli/command-line.ts'
import { COMMANDS, usage } from '../../src/cli/usage.ts'

const read = (line: string): Command => readCommand(findCommand(line.split(' ').filter((word) => word !== '')))

const WAITING = { socket: undefined, json: false, timeout: 600_000 }

const RIGHT: Readonly<Record<string, Command>> = {
  '': { command: 'start', application: undefined },
  './app.js': { command: 'start', application: './app.js' },
  start: { command: 'start', application: undefined },
  'start ./app.js': { command: 'start', application: './app.js' },
  './reload': { command: 'start', application: './reload' },
  '-- reload': { command: 'start', application: 'reload' },
  'start reload': { command: 'start', application: 'reload' },
  'start start': { command: 'start', application: 'start' },
  'check --json app.js': { command: 'check', application: 'app.js', json: true },
  check: { command: 'check', application: undefined, json: false },
  reload: { command: 'reload', ...WAITING, drained: false },
  'reload --drained --timeout 2.5 --socket x.sock --json': { command: 'reload', socket: 'x.sock', json: true, timeout: 2500, drained: true },
  '--json reload': { command: 'reload', ...WAITING, json: true, drained: false },
  '--socket start reload': { command: 'reload', ...WAITING, socket: 'start', drained: false },
  '--timeout 5 stop': { command: 'stop', ...WAITING, timeout: 5000 },
  stop: { command: 'stop', ...WAITING },
  'scale 12': { command: 'scale', ...WAITING, workers: 12 },
  'scale 1024 --json': { command: 'scale', ...WAITING, json: true, workers: 1024 },
  status: { command: 'status', socket: undefined, json: false, watch: undefined },
  'status --watch': { command: 'status', socket: undefined, json: false, watch: 2000 },
  'status --watch 0.5 --json': { command: 'status', socket: undefined, json: true, watch: 500 },
  'status --watch=7': { command: 'status', socket: undefined, json: false, watch: 7000 },
  'status --watch --json': { command: 'status', socket: undefined, json: true, watch: 2000 },
  '--watch 5 status': { command: 'status', socket: undefined, json: false, watch: 5000 },
  '-- --watch': { command: 'start', application: '--watch' },
  '--help': { command: 'help' },
  'reload -h': { command: 'help' },
  'scale --help': { command: 'help' },
  '-v': { command: 'version' },
  'status --version': { command: 'version' }
}

for (const [line, command] of Object.entries(RIGHT)) {
  await t.test(`"baton ${line}" is understood`, async (t) => {
    t.strictSame(read(line), command)
  })
}

const WRONG: Readonly<Record<string, string>> = {
  '--fast': "Unknown option '--fast'",
  'start --json': "Unknown option '--json'",
  'status --drained': "Unknown option '--drained'",
  'status --timeout 5': "Unknown option '--timeout'",
  'one.js two.js': 'only one application is possible, not 2: one.js two.js',
  'check one.js two.js': 'only one application is possible, not 2: one.js two.js',
  'app.js reload': 'only one application is possible, not 2: app.js reload',
  'reload now': 'reload takes no argument, but got now',
  'stop now': 'stop takes no argument, but got now',
  'status -- now': 'status takes no argument, but got now',
  scale: 'scale takes one argument, the number of workers, but got 0',
  'scale 1 2': 'scale takes one argument, the number of workers, but got 2',
  'scale 0': 'the number of workers is "0": it must be an integer from 1 to 1024',
  'scale 1025': 'the number of workers is "1025": it must be an integer from 1 to 1024',
  'scale two': 'the number of workers is "two": it must be an integer from 1 to 1024',
  'scale +1': 'the number of workers is "+1": it must be an integer from 1 to 1024',
  'reload --timeout 0': '--timeout is "0": it must be a number of seconds from 0.001 to 2147483',
  'reload --timeout soon': '--timeout is "soon"',
  'reload --timeout 1e3': '--timeout is "1e3"',
  'reload --timeout 9999999': '--timeout is "9999999"',
  'reload --socket=': '--socket is empty',
  'status --watch=often': '--watch is "often"'
}

for (const [line, message] of Object.entries(WRONG)) {
  await t.test(`"baton ${line}" is refused, and the error says what is allowed`, async (t) => {
    t.throws(() => read(line), { code: 'BATON_USAGE', message })
  })
}

await t.test('each command has its own usage, and the general one names them all', async (t) => {
  for (const command of COMMANDS) {
    t.match(usage(command), command === 'start' ? 'Usage: baton [start]' : `Usage: baton ${command}`)
    t.match(usage(undefined), `\n  ${command} `)
    t.match(usage(command), '--help')
    t.match(usage(command), '--version')
  }
  t.match(usage(undefined), './reload')
})

await t.test('the usage fits a terminal', async (t) => {
  const texts = [undefined, ...COMMANDS].map((command) => usage(command))

  t.strictSame(texts.flatMap((text) => text.split('\n')).filter((line) => line.length > 80), [])
})
