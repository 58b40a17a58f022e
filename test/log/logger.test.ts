import { hostname } from 'node:os'
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { LogFileError, toErrorReport } from '../../src/errors.ts'
import { createLogger } from '../../src/log/logger.ts'

/** An output that keeps what is written to it, until it is full. */
function createOutput (isTerminal = false) {
  const exits: Array<() => void> = []
  const output = {
    text: '',
    isFull: false,
    isTerminal,
    write: (bytes: Buffer): number => {
      if (output.isFull) throw Object.assign(new Error('full'), { code: 'EAGAIN' })
      output.text += bytes.toString()
      return bytes.length
    },
    onExit: (listener: () => void) => exits.push(listener),
    exit: () => { for (const listener of exits) listener() },
    lines: () => output.text.split('\n').slice(0, -1).map((line) => JSON.parse(line))
  }
  return output
}

await t.test('a line is JSON: level, time, the fields and the sentence, but no host name', async (t) => {
  const output = createOutput()
  const log = await createLogger({ level: 'info' }, output)
  const before = Date.now()

  log.warn({ event: 'worker:exited', slot: 1, pid: 42 }, 'worker exited unexpectedly; starting another')
  const [{ time, ...line }] = output.lines()

  t.strictSame(line, { level: 40, event: 'worker:exited', slot: 1, pid: 42, msg: 'worker exited unexpectedly; starting another' })
  t.ok(time >= before && time <= Date.now())
  t.notMatch(output.text, hostname())
})

await t.test('base fields are in every line', async (t) => {
  const output = createOutput()
  const log = await createLogger({ level: 'info', base: { slot: 0, generation: 2, pid: 7 } }, output)

  log.info('one')
  log.child({ reqId: 'req-1' }).error({ code: 3 }, 'two')

  t.match(output.lines(), [
    { level: 30, slot: 0, generation: 2, pid: 7, msg: 'one' },
    { level: 50, slot: 0, generation: 2, pid: 7, reqId: 'req-1', code: 3, msg: 'two' }
  ])
})

await t.test('an error is logged with its message, its code and its stack', async (t) => {
  const output = createOutput()
  const log = await createLogger({ level: 'info' }, output)
  const err = Object.assign(new Error('in use'), { code: 'EADDRINUSE' })

  log.fatal({ err }, 'no')

  t.match(output.lines(), [{ level: 60, err: { message: 'in use', code: 'EADDRINUSE', stack: err.stack }, msg: 'no' }])
})

class NoDatabaseError extends Error {}

const TYPES: Readonly<Record<string, readonly [err: unknown, expected: string | undefined]>> = {
  'an error of ours': [new LogFileError('a', 'b'), 'LogFileError'],
  'an error of the application': [new NoDatabaseError('no'), 'NoDatabaseError'],
  'the report of one': [toErrorReport(new NoDatabaseError('no')), 'NoDatabaseError'],
  'a report without a type': [{ message: 'no' }, 'Object'],
  'an error with its own field "type"': [Object.assign(new NoDatabaseError('no'), { type: 'entity.too.large' }), 'NoDatabaseError'],
  nothing: [null, undefined]
}

for (const [title, [err, expected]] of Object.entries(TYPES)) {
  await t.test(`an error is logged with the name of its class as its type: ${title}`, async (t) => {
    const output = createOutput()
    const log = await createLogger({ level: 'info' }, output)

    log.error({ err }, 'no')

    t.equal(output.lines()[0].err?.type, expected)
  })
}

await t.test('lines below the level are left out', async (t) => {
  const output = createOutput()
  const log = await createLogger({ level: 'warn' }, output)

  log.info('no')
  log.warn('yes')

  t.match(output.lines(), [{ msg: 'yes' }])
  t.equal(output.lines().length, 1)
})

await t.test('credentials of a request are not logged', async (t) => {
  const output = createOutput()
  const log = await createLogger({ level: 'info' }, output)

  log.info({ req: { url: '/', headers: { authorization: 'Bearer secret', cookie: 'session=secret', accept: '*/*' } } }, 'incoming request')

  t.notMatch(output.text, 'secret')
  t.match(output.lines(), [{ req: { url: '/', headers: { authorization: '[Redacted]', cookie: '[Redacted]', accept: '*/*' } } }])
})

await t.test('a muted message is not logged, and any other is', async (t) => {
  const output = createOutput()
  const log = await createLogger({ level: 'info', mute: 'listening' }, output)

  log.info('listening')
  log.child({ a: 1 }).info('listening')
  log.info('listening as well')
  log.info({ event: 'x' }, 'listening')

  t.strictSame(output.lines().map(({ msg }) => msg), ['listening as well', 'listening'])
})

await t.test('without a muted message nothing is muted', async (t) => {
  const output = createOutput()
  const log = await createLogger({ level: 'info' }, output)

  log.info({ event: 'x' })
  log.info(undefined)

  t.equal(output.lines().length, 2)
})

await t.test('on a terminal a line is easy to read: time of day, level, sentence, fields', async (t) => {
  const output = createOutput(true)
  const log = await createLogger({ level: 'info' }, output)

  log.info({ event: 'worker:ready', slot: 1, generation: 2, pid: 42 }, 'worker ready')

  t.not(output.text, stripVTControlCharacters(output.text), 'in colour')
  t.match(stripVTControlCharacters(output.text), /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: worker ready \{"slot":1,"generation":2\}\n$/)
})

await t.test('pending lines are tried once more at the exit', async (t) => {
  const output = createOutput()
  const log = await createLogger({ level: 'info' }, output)
  output.isFull = true
  log.info('the cause')
  t.equal(output.text, '')

  output.isFull = false
  output.exit()

  t.match(output.lines(), [{ msg: 'the cause' }])
})
