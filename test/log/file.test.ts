import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { LogFile } from '../../src/log/file.ts'
import { createLogger, type Logger } from '../../src/log/logger.ts'

interface Setup {
  readonly file: LogFile
  readonly path: string
  readonly log: Logger
  /** Lines that went to standard output. */
  readonly output: string[]
  /** Renames the file, as log rotation does. */
  readonly rotate: () => void
  readonly lines: (name?: string) => Array<Record<string, unknown>>
}

async function setUp (t: Test): Promise<Setup> {
  const path = join(t.testdir({ logs: {} }), 'logs', 'app.log')
  const output: string[] = []
  const file = new LogFile(path, (bytes) => output.push(bytes.toString()) && bytes.length)
  const log = await createLogger({ level: 'info', file }, { write: () => 0, isTerminal: true, onExit: () => {} })
  return {
    file,
    output,
    path,
    log,
    rotate: () => { renameSync(path, `${path}.1`) },
    lines: (name = path) => readFileSync(name, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line))
  }
}

await t.test('lines go into the file, which its group can read, and are JSON even on a terminal', async (t) => {
  const { file, path, log, lines } = await setUp(t)

  file.open()
  log.info({ event: 'server:ready' }, 'serving')

  t.match(lines(), [{ level: 30, event: 'server:ready', msg: 'serving' }])
  t.equal(statSync(path).mode & 0o777, 0o640 & ~process.umask())
})

await t.test('the file keeps its lines', async (t) => {
  const { file, path, log, lines } = await setUp(t)
  file.open()
  log.info('one')

  const next = new LogFile(path)
  next.open()
  ;(await createLogger({ level: 'info', file: next })).info('two')
  log.info('three')

  t.match(lines(), [{ msg: 'one' }, { msg: 'two' }, { msg: 'three' }])
})

await t.test('a renamed file gets its lines until it is reopened, and none after that', async (t) => {
  const { file, path, log, rotate, lines } = await setUp(t)
  file.open()
  log.info('one')
  rotate()
  log.info('two')

  file.reopen(log)
  log.info('three')

  t.match(lines(`${path}.1`), [{ msg: 'one' }, { msg: 'two' }])
  t.match(lines(), [{ event: 'log:reopened', file: path }, { msg: 'three' }])
})

await t.test('reopening leaks no descriptor', async (t) => {
  const { file, log } = await setUp(t)
  file.open()
  const count = (): number => readdirSync('/proc/self/fd').length
  const before = count()

  for (let round = 0; round < 20; round++) file.reopen(log)

  t.equal(count(), before)
})

await t.test('when a file cannot be reopened, the open one is still used, and one line there says so', async (t) => {
  const { file, path, log, lines } = await setUp(t)
  file.open()
  renameSync(join(path, '..'), join(path, '../../old'))

  file.reopen(log)
  log.info('two')

  const there = lines(join(path, '../../old/app.log'))
  t.match(there, [{ level: 50, event: 'log:unopened', err: { code: 'BATON_LOG_FILE', message: /^LOG_FILE .*app\.log cannot be opened \(ENOENT/ } }, { msg: 'two' }])
  t.equal(there.length, 2)

  mkdirSync(join(path, '..'))
  file.reopen(log)
  t.match(lines(), [{ event: 'log:reopened' }])
})

for (const [what, make] of Object.entries({
  'its folder is missing': (path: string) => { rmSync(join(path, '..'), { recursive: true }) },
  'it is a folder': (path: string) => { mkdirSync(path) }
})) {
  await t.test(`a file cannot be opened when ${what}`, async (t) => {
    const { file, path } = await setUp(t)
    make(path)

    t.throws(() => { file.open() }, { code: 'BATON_LOG_FILE', message: `LOG_FILE ${path} cannot be opened` })
  })
}

await t.test('until the file is open lines go to standard output, and one says why', async (t) => {
  const { file, path, log, output, lines } = await setUp(t)
  rmSync(join(path, '..'), { recursive: true })

  file.openOrExplain(log)
  log.info('nowhere else')
  mkdirSync(join(path, '..'))
  file.openOrExplain(log)
  log.info('home')

  t.match(output.map((line) => JSON.parse(line)), [{ event: 'log:unopened', err: { code: 'BATON_LOG_FILE' } }, { msg: 'nowhere else' }])
  t.match(lines(), [{ msg: 'home' }])
  t.equal(output.length, 2)
})

await t.test('a process that receives no messages checks for a rotation before each line', async (t) => {
  const { file, path, log, rotate, lines } = await setUp(t)
  file.open()
  log.info('one')
  file.follow()
  log.info('two')
  rotate()
  log.info('three')
  log.info('four')

  t.match(lines(`${path}.1`), [{ msg: 'one' }, { msg: 'two' }])
  t.match(lines(), [{ msg: 'three' }, { msg: 'four' }])

  renameSync(join(path, '..'), join(path, '../../old'))
  log.info('five')
  t.match(lines(join(path, '../../old/app.log')).at(-1), { msg: 'five' }, 'it keeps the old file when there is none to open')
  t.notOk(existsSync(path))
})

await t.test('such a process opens a file that it never had open as soon as that is possible', async (t) => {
  const { file, path, log, output, lines } = await setUp(t)
  rmSync(join(path, '..'), { recursive: true })
  file.follow()
  log.info('one')
  mkdirSync(join(path, '..'))
  log.info('two')

  t.match(output.map((line) => JSON.parse(line)), [{ msg: 'one' }])
  t.match(lines(), [{ msg: 'two' }])
})
