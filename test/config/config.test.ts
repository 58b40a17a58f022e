import t from 'tap'
import { changedSettings, readConfig, readVariables, shellDirectory, type Config, type Environment } from '../../src/config/config.ts'
import { isFixed, SETTINGS } from '../../src/config/settings.ts'

const CPUS = 4

function read (environment: Readonly<Record<string, string | undefined>>): Config {
  return readConfig(environment, () => CPUS)
}

/** @returns the lines that name the wrong settings */
function problems (environment: Readonly<Record<string, string>>): string[] {
  try {
    read(environment)
    return []
  } catch (error) {
    return (error as Error).message.split('\n').slice(1).map((line) => line.trim())
  }
}

const DEFAULTS: Config = {
  host: '127.0.0.1',
  port: 3000,
  workers: CPUS,
  application: undefined,
  healthPrefix: '/health',
  logLevel: 'info',
  logRequests: false,
  keepAliveTimeout: 72_000,
  startTimeout: 30_000,
  drainTimeout: 80_000,
  stopTimeout: 8_000,
  stopIdle: 1_000,
  stopDelay: 0,
  canaryTime: 1_000,
  maxSurge: 1,
  maxDraining: 2 * CPUS,
  pressure: { maxEventLoopDelay: 1000, maxEventLoopUtilization: 0, maxHeapUsedBytes: 0, maxRssBytes: 0 },
  maxRestarts: 5,
  restartWindow: 60_000,
  giveUp: 60_000,
  heartbeatTimeout: 30_000,
  workerLimits: { rss: Infinity, requests: Infinity, age: Infinity },
  scheduling: undefined,
  workerHeader: false,
  pidFile: undefined,
  controlSocket: undefined,
  metrics: undefined,
  logFile: undefined,
  tls: undefined,
  http2: false,
  listenSocket: undefined,
  slotPortBase: undefined
}

const NOTHING: readonly string[] = []
const LONGEST = 2 ** 31 - 1

const field = (name: keyof Config) => (config: Config): unknown => config[name]
const pressure = (name: keyof Config['pressure']) => (config: Config): unknown => config.pressure[name]
const workerLimit = (name: keyof Config['workerLimits']) => (config: Config): unknown => config.workerLimits[name]
const duration = (minimum: number): Pick<Row, 'right' | 'wrong' | 'allowed'> => ({
  right: [[`${minimum}`, minimum], [`${LONGEST}`, LONGEST]],
  wrong: [`${minimum - 1}`, `${LONGEST + 1}`, '1.5', '1s'],
  allowed: `an integer of milliseconds from ${minimum} to ${LONGEST}`
})
const flag: Pick<Row, 'right' | 'wrong' | 'allowed'> = {
  right: [['true', true], ['false', false]],
  wrong: ['1', '0', 'yes', 'TRUE', 'null'],
  allowed: '"true" or "false"'
}
const bytes = (off: number): Pick<Row, 'right' | 'wrong' | 'allowed'> => ({
  right: [['1', 1], ['68719476736', 68719476736], ['off', off]],
  wrong: ['0', '-1', '0.5', '1e9', '9'.repeat(400), '1GB'],
  allowed: 'an integer of bytes from 1, or "off"'
})

interface Row {
  readonly variable: string
  readonly from: (config: Config) => unknown
  readonly right: ReadonlyArray<readonly [text: string, value: unknown]>
  readonly wrong: readonly string[]
  readonly allowed: string
  /** Other variables that these values need. */
  readonly beside?: Readonly<Record<string, string>>
}

const PAIR = { TLS_CERT_FILE: '/etc/baton/cert.pem', TLS_KEY_FILE: '/etc/baton/key.pem' }

const ROWS: readonly Row[] = [
  {
    variable: 'HOST',
    from: field('host'),
    right: [['0.0.0.0', '0.0.0.0'], ['::1', '::1'], ['localhost', 'localhost'], ['1', '1']],
    wrong: [' ', 'a host', 'http://localhost'],
    allowed: 'an IP address or a host name'
  },
  {
    variable: 'PORT',
    from: field('port'),
    right: [['0', 0], ['65535', 65535], ['0080', 80], ['80.0', 80]],
    wrong: ['-1', '65536', '80.5', 'http', ' ', ' 80', '0x50', '1e3', 'Infinity', 'NaN', 'null', 'true', '9'.repeat(400)],
    allowed: 'an integer from 0 to 65535'
  },
  {
    variable: 'WORKERS',
    from: field('workers'),
    right: [['auto', CPUS], ['1', 1], ['1024', 1024]],
    wrong: ['0', '-1', '1025', '1.5', 'AUTO', 'off', 'Infinity'],
    allowed: '"auto" or an integer from 1 to 1024'
  },
  { variable: 'APP', from: field('application'), right: [['./app.js', './app.js'], ['1', '1']], wrong: NOTHING, allowed: '' },
  {
    variable: 'HEALTH_PREFIX',
    from: field('healthPrefix'),
    right: [['', ''], ['/up', '/up'], ['/a.b/c_d-e~f', '/a.b/c_d-e~f']],
    wrong: ['/', 'health', '/health/', '//health', '/health?', '/:id', '/*'],
    allowed: 'a path such as /health without a slash at its end, or empty'
  },
  {
    variable: 'LOG_LEVEL',
    from: field('logLevel'),
    right: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => [level, level] as const),
    wrong: ['verbose', 'INFO', '30'],
    allowed: 'one of fatal, error, warn, info, debug, trace, silent'
  },
  { variable: 'LOG_REQUESTS', from: field('logRequests'), ...flag },
  { variable: 'KEEP_ALIVE_TIMEOUT_MS', from: field('keepAliveTimeout'), ...duration(1) },
  { variable: 'START_TIMEOUT_MS', from: field('startTimeout'), ...duration(1) },
  { variable: 'DRAIN_TIMEOUT_MS', from: field('drainTimeout'), ...duration(1) },
  { variable: 'STOP_TIMEOUT_MS', from: field('stopTimeout'), ...duration(1) },
  { variable: 'STOP_IDLE_MS', from: field('stopIdle'), ...duration(0) },
  { variable: 'STOP_DELAY_MS', from: field('stopDelay'), ...duration(0) },
  { variable: 'CANARY_MS', from: field('canaryTime'), ...duration(0) },
  {
    variable: 'MAX_SURGE',
    from: field('maxSurge'),
    right: [['0', 0], ['1024', 1024]],
    wrong: ['-1', '1025', '0.5', 'auto'],
    allowed: 'an integer from 0 to 1024',
    beside: { WORKERS: '1024' }
  },
  {
    variable: 'MAX_DRAINING',
    from: field('maxDraining'),
    right: [['1', 1], ['4096', 4096]],
    wrong: ['0', '4097', '1.5', 'off'],
    allowed: 'an integer from 1 to 4096'
  },
  {
    variable: 'MAX_EVENT_LOOP_DELAY_MS',
    from: pressure('maxEventLoopDelay'),
    right: [['1', 1], [`${LONGEST}`, LONGEST], ['off', 0]],
    wrong: ['0', `${LONGEST + 1}`, '1.5', 'OFF', 'false'],
    allowed: `an integer of milliseconds from 1 to ${LONGEST}, or "off"`
  },
  {
    variable: 'MAX_EVENT_LOOP_UTILIZATION',
    from: pressure('maxEventLoopUtilization'),
    right: [['0.01', 0.01], ['1', 1], ['off', 0]],
    wrong: ['0', '-0.5', '1.01', '.5', '98%'],
    allowed: 'a number above 0, up to 1, or "off"'
  },
  { variable: 'MAX_HEAP_USED_BYTES', from: pressure('maxHeapUsedBytes'), ...bytes(0) },
  { variable: 'MAX_RSS_BYTES', from: pressure('maxRssBytes'), ...bytes(0) },
  {
    variable: 'MAX_RESTARTS',
    from: field('maxRestarts'),
    right: [['0', 0], ['1000', 1000]],
    wrong: ['-1', '1001', '1.5', 'off'],
    allowed: 'an integer from 0 to 1000'
  },
  { variable: 'RESTART_WINDOW_MS', from: field('restartWindow'), ...duration(1) },
  { variable: 'GIVE_UP_MS', from: field('giveUp'), ...duration(1) },
  {
    variable: 'HEARTBEAT_TIMEOUT_MS',
    from: field('heartbeatTimeout'),
    right: [['0', Infinity], ['3000', 3000], [`${LONGEST}`, LONGEST]],
    wrong: ['1', '2999', '-0', '-1', '0x0', '3000.5', `${LONGEST + 1}`, 'off', '30s'],
    allowed: `0, or an integer of milliseconds from 3000 to ${LONGEST}`
  },
  { variable: 'MAX_WORKER_RSS_BYTES', from: workerLimit('rss'), ...bytes(Infinity) },
  {
    variable: 'MAX_WORKER_REQUESTS',
    from: workerLimit('requests'),
    right: [['1', 1], ['1000000000', 1e9], ['off', Infinity]],
    wrong: ['0', '-1', '1.5', '1e9', 'none'],
    allowed: 'an integer from 1, or "off"'
  },
  {
    variable: 'MAX_WORKER_AGE_MS',
    from: workerLimit('age'),
    // A limit, not the delay of a timer: a month is longer than a timer may be.
    right: [['1000', 1000], ['2592000000', 2_592_000_000], ['off', Infinity]],
    wrong: ['0', '999', '1000.5', '1d'],
    allowed: 'an integer of milliseconds from 1000, or "off"'
  },
  {
    variable: 'SCHEDULING',
    from: field('scheduling'),
    right: [['round-robin', 'round-robin'], ['shared', 'shared']],
    wrong: ['rr', 'Shared', 'none'],
    allowed: 'one of round-robin, shared'
  },
  { variable: 'WORKER_HEADER', from: field('workerHeader'), ...flag },
  { variable: 'PID_FILE', from: field('pidFile'), right: [['/run/baton.pid', '/run/baton.pid'], ['7', '7']], wrong: NOTHING, allowed: '' },
  { variable: 'CONTROL_SOCKET', from: field('controlSocket'), right: [['/run/baton.sock', '/run/baton.sock'], ['off', 'off']], wrong: NOTHING, allowed: '' },
  {
    variable: 'METRICS_PORT',
    from: field('metrics'),
    right: [['0', { host: '127.0.0.1', port: 0 }], ['9464', { host: '127.0.0.1', port: 9464 }], ['off', undefined]],
    wrong: ['-1', '65536', '1.5', 'none'],
    allowed: 'an integer from 0 to 65535, or "off"'
  },
  {
    variable: 'METRICS_HOST',
    from: (config) => config.metrics?.host,
    right: [['0.0.0.0', '0.0.0.0'], ['::1', '::1']],
    wrong: [' ', 'a host'],
    allowed: 'an IP address or a host name',
    beside: { METRICS_PORT: '9464' }
  },
  { variable: 'LOG_FILE', from: field('logFile'), right: [['/var/log/baton.log', '/var/log/baton.log']], wrong: NOTHING, allowed: '' },
  {
    variable: 'TLS_CERT_FILE',
    from: (config) => config.tls?.certFile,
    right: [['/etc/baton/cert.pem', '/etc/baton/cert.pem']],
    wrong: NOTHING,
    allowed: '',
    beside: { TLS_KEY_FILE: '/etc/baton/key.pem' }
  },
  {
    variable: 'TLS_KEY_FILE',
    from: (config) => config.tls?.keyFile,
    right: [['/etc/baton/key.pem', '/etc/baton/key.pem']],
    wrong: NOTHING,
    allowed: '',
    beside: { TLS_CERT_FILE: '/etc/baton/cert.pem' }
  },
  {
    variable: 'TLS_MIN_VERSION',
    from: (config) => config.tls?.minVersion,
    right: [['TLSv1.2', 'TLSv1.2'], ['TLSv1.3', 'TLSv1.3']],
    wrong: ['TLSv1', '1.2', 'tlsv1.3'],
    allowed: 'one of TLSv1.2, TLSv1.3',
    beside: PAIR
  },
  { variable: 'HTTP2', from: field('http2'), ...flag, beside: PAIR },
  { variable: 'LISTEN_SOCKET', from: (config) => config.listenSocket?.path, right: [['/run/baton/http.sock', '/run/baton/http.sock']], wrong: NOTHING, allowed: '' },
  {
    variable: 'LISTEN_MODE',
    from: (config) => config.listenSocket?.mode,
    right: [['0660', 0o660], ['777', 0o777]],
    wrong: ['0800', '66', 'rw', '0o660'],
    allowed: 'permissions in octal, such as 0660',
    beside: { LISTEN_SOCKET: '/run/baton/http.sock' }
  },
  {
    variable: 'SLOT_PORT_BASE',
    from: field('slotPortBase'),
    right: [['4000', 4000], ['1', 1], ['off', undefined]],
    wrong: ['0', '65536', '1.5', 'none'],
    allowed: 'an integer from 1 to 65535, or "off"'
  }
]

/** Read before the others, because the file may set them. */
const ENV_FILE = 'ENV_FILE'

await t.test('an environment without settings gives the defaults', async (t) => {
  const config = read({ PATH: '/bin', HOSTNAME: 'there', port: '80' })

  t.strictSame(config, DEFAULTS)
})

await t.test('without an argument the environment of the process is read', async (t) => {
  t.teardown(() => { delete process.env.STOP_IDLE_MS })
  process.env.STOP_IDLE_MS = '77'

  t.equal(readConfig().stopIdle, 77)
  t.ok(readConfig().workers >= 1)
})

await t.test('a configuration cannot be changed', async (t) => {
  const config = read({})

  t.ok(Object.isFrozen(config))
  t.ok(Object.isFrozen(config.pressure))
  t.ok(Object.isFrozen(config.workerLimits))
})

for (const { variable, from, right, wrong, allowed, beside = {} } of ROWS) {
  await t.test(`${variable} takes allowed values, and the error names any other`, async (t) => {
    const values = right.map(([text]) => from(read({ ...beside, [variable]: text })))
    const refusals = wrong.map((text) => problems({ ...beside, [variable]: text }))

    t.strictSame(values, right.map(([, value]) => value))
    t.strictSame(refusals, wrong.map((text) => [`${variable} is ${JSON.stringify(text)}: it must be ${allowed}`]))
  })
}

await t.test('an empty variable counts as not set', async (t) => {
  const variables = [ENV_FILE, ...ROWS.map(({ variable }) => variable)].filter((variable) => variable !== 'HEALTH_PREFIX')

  const config = read(Object.fromEntries(variables.map((variable) => [variable, ''])))

  t.strictSame(config, DEFAULTS)
})

await t.test('the table of this test has every setting once', async (t) => {
  const names = [ENV_FILE, ...ROWS.map(({ variable }) => variable)]
  const given = new Set<string>()

  read(new Proxy({}, { get: (_, name) => { given.add(String(name)) } }))

  t.strictSame([...given].sort(), [...names].sort())
})

await t.test('by default twice the number of workers may drain', async (t) => {
  t.equal(read({ WORKERS: '7' }).maxDraining, 14)
  t.equal(read({ WORKERS: 'auto' }).maxDraining, 2 * CPUS)
})

const CROSS_CHECKS: ReadonlyArray<readonly [string, Readonly<Record<string, string>>, readonly string[]]> = [
  ['as many at once as there are workers', { WORKERS: '3', MAX_SURGE: '3' }, []],
  ['more at once than workers', { WORKERS: '3', MAX_SURGE: '4' }, ['MAX_SURGE is 4: it must be at most the number of workers, which is 3']],
  ['more at once than CPUs', { MAX_SURGE: '5' }, ['MAX_SURGE is 5: it must be at most the number of workers, which is 4']],
  ['none at once, and two workers', { WORKERS: '2', MAX_SURGE: '0' }, []],
  ['none at once, and one worker', { WORKERS: '1', MAX_SURGE: '0' }, ['MAX_SURGE is 0: it must be at least 1 with one worker, because no other could take its place']],
  ['a surge whose own value is wrong is named once', { WORKERS: '2', MAX_SURGE: '2000' }, ['MAX_SURGE is "2000": it must be an integer from 0 to 1024']],
  ['nothing is compared with workers that are wrong', { WORKERS: '0', MAX_SURGE: '5' }, ['WORKERS is "0": it must be "auto" or an integer from 1 to 1024']],
  ['a certificate without its key', { TLS_CERT_FILE: '/cert.pem' }, ['TLS_KEY_FILE is not set: it must be set together with the other file of the pair']],
  ['a key without its certificate', { TLS_KEY_FILE: '/key.pem' }, ['TLS_CERT_FILE is not set: it must be set together with the other file of the pair']],
  ['HTTP/2 without TLS', { HTTP2: 'true' }, ['HTTP2 is true: it must be "false" without TLS_CERT_FILE and TLS_KEY_FILE, because browsers speak HTTP/2 over TLS only']],
  ['metrics on the port of the service', { PORT: '80', METRICS_PORT: '80' }, ['METRICS_PORT is 80: it must be another port than PORT']],
  ['metrics on the unused port of a service on a UNIX socket', { PORT: '80', METRICS_PORT: '80', LISTEN_SOCKET: '/http.sock' }, []],
  ['any port for both', { PORT: '0', METRICS_PORT: '0' }, []],
  ['ports of slots beyond the last', { WORKERS: '3', SLOT_PORT_BASE: '65534' }, ['SLOT_PORT_BASE is 65534: it must be at most 65533, so that each of the 3 workers has a port']],
  ['ports of slots on that of the service', { WORKERS: '3', PORT: '4002', SLOT_PORT_BASE: '4000' }, ['SLOT_PORT_BASE is 4000: it must be such that the 3 ports from it on do not include 4002, which is in use']],
  ['ports of slots on that of metrics', { WORKERS: '3', METRICS_PORT: '4000', SLOT_PORT_BASE: '4000' }, ['SLOT_PORT_BASE is 4000: it must be such that the 3 ports from it on do not include 4000, which is in use']],
  ['ports of slots behind that of the service', { WORKERS: '3', PORT: '3999', SLOT_PORT_BASE: '4000' }, []]
]

for (const [name, environment, expected] of CROSS_CHECKS) {
  await t.test(`settings are checked against each other: ${name}`, async (t) => {
    t.strictSame(problems(environment), expected)
  })
}

await t.test('all errors are reported at once, those of cross-checks too', async (t) => {
  const environment = { PORT: '65536', LOG_LEVEL: 'loud', MAX_SURGE: '0', WORKERS: '1', MAX_RSS_BYTES: '0x10', HOST: '::1' }

  t.throws(() => read(environment), { code: 'BATON_INVALID_SETTINGS', message: /^the configuration is wrong:\n/ })
  t.strictSame(problems(environment).map((line) => line.split(':')[0]), [
    'PORT is "65536"', 'MAX_RSS_BYTES is "0x10"', 'LOG_LEVEL is "loud"', 'MAX_SURGE is 0'
  ])
})

await t.test('an error of one reading does not affect the next', async (t) => {
  t.throws(() => read({ PORT: 'http' }))

  t.strictSame(read({}), DEFAULTS)
})

await t.test('the environment of the process wins over the file, which wins over the defaults', async (t) => {
  const directory = t.testdir({ '.env': 'PORT=4000\nSTOP_IDLE_MS=7\nTOKEN=of the file\nCOLOUR=red\n' })

  const { all, fromFile } = readVariables(directory, { PORT: '5000', TOKEN: '', HOME: '/root' })

  t.strictSame(fromFile, { STOP_IDLE_MS: '7', COLOUR: 'red' })
  t.strictSame(all, { PORT: '5000', TOKEN: '', HOME: '/root', STOP_IDLE_MS: '7', COLOUR: 'red' })
  t.match(read(all), { port: 5000, stopIdle: 7, stopTimeout: 8000 })
})

await t.test('a variable of the file may have the name of a method of objects', async (t) => {
  const directory = t.testdir({ '.env': 'toString=1\nconstructor=2\n' })

  t.strictSame(readVariables(directory, {}).fromFile, { toString: '1', constructor: '2' })
})

await t.test('the file is read again each time, and none of it enters the environment of the process', async (t) => {
  const [first, second] = [t.testdir({ first: { '.env': 'BATON_TEST_COLOUR=red' }, second: { '.env': 'PATH=/nowhere\n' } })]
    .flatMap((root) => [`${root}/first`, `${root}/second`]) as [string, string]
  const before = { ...process.env }

  const { all, fromFile } = readVariables(first)

  t.strictSame(fromFile, { BATON_TEST_COLOUR: 'red' })
  t.strictSame(all, { ...before, BATON_TEST_COLOUR: 'red' })
  t.strictSame(readVariables(second).fromFile, {})
  t.strictSame({ ...process.env }, before)
})

const ENV_FILES: Readonly<Record<string, readonly [named: string | undefined, expected: string | undefined]>> = {
  'without a name is .env in the working directory': [undefined, 'of .env'],
  'with an empty name is also .env': ['', 'of .env'],
  'with a name is read instead of .env': ['config/service.env', 'of config'],
  'is relative to the working directory': ['../service.env', 'of the parent']
}

for (const [title, [named, expected]] of Object.entries(ENV_FILES)) {
  await t.test(`an environment file ${title}`, async (t) => {
    const root = t.testdir({ 'service.env': 'IT=of the parent', here: { '.env': 'IT=of .env', config: { 'service.env': 'IT=of config' } } })

    t.equal(readVariables(`${root}/here`, { ENV_FILE: named }).fromFile.IT, expected)
  })
}

await t.test('an environment file may have an absolute path', async (t) => {
  const root = t.testdir({ 'service.env': 'IT=absolute', here: {} })

  t.strictSame(readVariables(`${root}/here`, { ENV_FILE: `${root}/service.env` }).fromFile, { IT: 'absolute' })
})

await t.test('without a file there is only the environment of the process', async (t) => {
  t.strictSame(readVariables(t.testdir({}), { PORT: '5000' }), { all: { PORT: '5000' }, fromFile: {} })
})

await t.test('a named file has to exist', async (t) => {
  const directory = t.testdir({ '.env': 'PORT=4000' })

  t.throws(() => readVariables(directory, { ENV_FILE: 'missing.env' }), {
    code: 'BATON_ENV_FILE', message: `ENV_FILE ${directory}/missing.env cannot be read (ENOENT`
  })
})

const CHANGES: Readonly<Record<string, readonly [before: Environment, after: Environment, names: readonly string[]]>> = {
  nothing: [{ PORT: '1' }, { PORT: '1' }, []],
  'a value': [{ PORT: '1', LOG_LEVEL: 'info' }, { PORT: '2', LOG_LEVEL: 'info' }, ['PORT']],
  'one added and one removed': [{ WORKERS: '2' }, { HOST: '::' }, ['HOST', 'WORKERS']],
  'variables that are not settings': [{ TOKEN: 'old', NODE_OPTIONS: '' }, { TOKEN: 'new', PWD: '/' }, []],
  'one that was not set and is empty now': [{}, { PORT: '', APP: '' }, []],
  'the health routes, which an empty value turns off': [{}, { HEALTH_PREFIX: '' }, ['HEALTH_PREFIX']]
}

for (const [title, [before, after, names]] of Object.entries(CHANGES)) {
  await t.test(`settings that changed are named, without their values: ${title}`, async (t) => {
    t.strictSame(changedSettings(before, after), names)
  })
}

await t.test('a reload cannot change settings of the sockets and of the primary', async (t) => {
  t.strictSame(Object.keys(SETTINGS).filter(isFixed).sort(), [
    'CONTROL_SOCKET', 'ENV_FILE', 'HOST', 'LISTEN_MODE', 'LISTEN_SOCKET', 'LOG_FILE', 'METRICS_HOST', 'METRICS_PORT', 'PID_FILE', 'PORT',
    'SCHEDULING', 'SLOT_PORT_BASE'
  ])
  t.notOk(isFixed('TOKEN'))
  t.notOk(isFixed('toString'))
})

await t.test('the shell directory is the value of PWD, if it is set', async (t) => {
  t.equal(shellDirectory({ PWD: '/srv/current' }), '/srv/current')
  t.equal(shellDirectory({}), undefined)
  t.equal(shellDirectory(), process.env.PWD)
})
