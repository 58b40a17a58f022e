import t from 'tap'

import { resolveTarget } from '../../src/clients/target.ts'
import { parseCommandLine } from '../../src/load-test/command-line.ts'

await t.test('the defaults', async (t) => {
  t.strictSame(parseCommandLine([]), {
    duration: 20_000,
    reloads: 5,
    connections: 100,
    rate: undefined,
    timeout: 30_000,
    reloadTimeout: 60_000,
    url: undefined,
    pid: undefined,
    program: undefined,
    report: undefined,
    json: undefined,
    wantsHelp: false
  })
})

await t.test('all options', async (t) => {
  const args = '--duration 1.5 --reloads 0 --connections 7 --rate 500 --timeout 2 --reload-timeout=3 --url http://localhost:80 --pid 12 -h'

  t.match(parseCommandLine(args.split(' ')), {
    duration: 1500,
    reloads: 0,
    connections: 7,
    rate: 500,
    timeout: 2000,
    reloadTimeout: 3000,
    url: new URL('http://localhost'),
    pid: 12,
    wantsHelp: true
  })
})

await t.test('--json may go without a file', async (t) => {
  const rows = [
    ['--json', '-'], ['--json --reloads 1', '-'], ['--reloads 1 --json', '-'], ['--json -', '-'],
    ['--json out.json', 'out.json'], ['--json=out.json', 'out.json'], ['--report out.html', undefined]
  ] as const
  for (const [args, json] of rows) {
    t.equal(parseCommandLine(args.split(' ')).json, json, args)
  }
})

const WRONG: ReadonlyArray<readonly [args: string, message: RegExp]> = [
  ['--quick', /^Unknown option '--quick'$/],
  ['20', /^Unexpected argument '20'/],
  ['--duration', /^Option '--duration <value>' argument missing$/],
  ['--report', /^Option '--report <value>' argument missing$/],
  ['--report=', /^--report is "": it must be the path of a file$/],
  ['--json=', /^--json is "": it must be the path of a file$/],
  ['--duration soon', /^--duration is "soon": it must be a number from 0.1 to 3600$/],
  ['--duration 0', /^--duration is "0"/],
  ['--duration 3601', /^--duration is "3601"/],
  ['--duration 1e3', /^--duration is "1e3"/],
  ['--duration=-5', /^--duration is "-5"/],
  ['--duration=', /^--duration is ""/],
  ['--duration Infinity', /^--duration is "Infinity"/],
  ['--reloads 1.5', /^--reloads is 1.5: it must be a whole number$/],
  ['--reloads 1001', /^--reloads is "1001"/],
  ['--connections 0', /^--connections is "0"/],
  ['--connections 5001', /^--connections is "5001"/],
  ['--rate 0', /^--rate is "0": it must be a number from 0.1 to 100000$/],
  ['--timeout 0', /^--timeout is "0"/],
  ['--reload-timeout x', /^--reload-timeout is "x"/],
  ['--pid 12', /^--pid needs --url/],
  ['--pid 1 --url http://localhost', /^--pid is "1"/],
  ['--url http://localhost', /^--url needs --pid, to send SIGHUP to, or --reloads 0$/],
  ['--url localhost:3000 --pid 12', /^--url is localhost:3000: it must start with http: or https:/],
  ['--url ftp://localhost --pid 12', /^--url is ftp:\/\/localhost: it must start with http: or https:/],
  ['--url 127.0.0.1 --pid 12', /^--url is "127.0.0.1": it must be a URL/],
  ['--url http://localhost/path --pid 12', /^--url is .*: it must be an origin/],
  ['--url http://me@localhost --pid 12', /^--url is .*: it must be an origin/],
  ['--url http://localhost --pid 12 --program x.js', /^--program and --url cannot be combined$/]
]

for (const [args, message] of WRONG) {
  await t.test(`${args} is refused`, async (t) => {
    t.throws(() => parseCommandLine(args.split(' ')), { name: 'UsageError', message })
  })
}

const LOOPBACK: ReadonlyArray<readonly [url: string, origin: RegExp]> = [
  ['http://127.0.0.1:3000', /^http:\/\/127\.0\.0\.1:3000$/],
  ['http://127.1.2.3', /^http:\/\/127\.1\.2\.3:80$/],
  ['http://[::1]:3000', /^http:\/\/\[::1\]:3000$/],
  ['https://127.0.0.1', /^https:\/\/127\.0\.0\.1:443$/],
  ['http://localhost:3000', /^http:\/\/(127\.0\.0\.1|\[::1\]):3000$/],
  // As every client reads it: 127.0.0.1.
  ['http://2130706433', /^http:\/\/127\.0\.0\.1:80$/]
]

for (const [url, origin] of LOOPBACK) {
  await t.test(`${url} is this machine`, async (t) => {
    t.match((await resolveTarget(new URL(url))).origin, origin)
  })
}

for (const url of ['http://192.0.2.1', 'http://example.com', 'http://0.0.0.0', 'http://127.0.0.1.example.com', 'http://[::ffff:192.0.2.1]', 'http://localhost.example.com']) {
  await t.test(`${url} is not this machine`, async (t) => {
    await t.rejects(resolveTarget(new URL(url)), { name: 'UsageError', message: /is not a loopback/ })
  })
}
