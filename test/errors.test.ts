import t from 'tap'
import * as errors from '../src/errors.ts'
import { ExitCode } from '../src/exit-codes.ts'

const { BatonError, exitCodeOf, PidFileHeldError, toErrorReport, UsageError, WorkerHungError } = errors

type AnyClass = new (...values: string[]) => errors.BatonError

const CLASSES = Object.entries(errors).filter(([, value]) => Object.getPrototypeOf(value) === BatonError) as unknown as Array<[string, AnyClass]>

await t.test('every error has its own code', async (t) => {
  const codes = CLASSES.map(([, CustomError]) => new CustomError('').code)

  t.equal(new Set(codes).size, codes.length)
  t.ok(codes.length > 0 && codes.every((code) => code.startsWith('BATON_')), codes.join(' '))
})

await t.test('every error is named after its class, which the log shows as its type', async (t) => {
  for (const [name, CustomError] of CLASSES) {
    const error = new CustomError('x')

    t.equal(error.name, name)
    t.equal(error.constructor.name, name)
    t.match(error.stack, new RegExp(`^${name}: `))
  }
})

await t.test('an error carries the exit code of a process that it ends, outside of what is logged', async (t) => {
  const error = new UsageError('no')

  t.equal(error.exitCode, ExitCode.usage)
  t.strictSame(Object.keys(error), ['code'])
})

const EXIT_CODES: Readonly<Record<string, readonly [error: unknown, expected: ExitCode]>> = {
  'an error with an exit code': [new UsageError('no'), ExitCode.usage],
  'an error without one': [new WorkerHungError(1), ExitCode.forced],
  'an error of a library': [Object.assign(new Error('no'), { exitCode: 12 }), ExitCode.forced],
  'a value that is not an error': [null, ExitCode.forced]
}

for (const [title, [error, expected]] of Object.entries(EXIT_CODES)) {
  await t.test(`what a process exits with: ${title}`, async (t) => {
    t.equal(exitCodeOf(error, ExitCode.forced), expected)
  })
}

await t.test('an error names the offending value', async (t) => {
  const error = new PidFileHeldError('/run/baton.pid', 42)

  t.match(error, { code: 'BATON_PID_FILE_HELD', message: /^PID_FILE \/run\/baton\.pid names process 42, which is running/ })
})

await t.test('an error is reported with its type, its message, its code and its stack', async (t) => {
  const error = Object.assign(new Error('in use'), { code: 'EADDRINUSE', port: 3000 })

  t.strictSame(toErrorReport(error), { type: 'Error', message: 'in use', code: 'EADDRINUSE', stack: error.stack })
})

const CODES: readonly unknown[] = [undefined, 42, null, {}]

for (const code of CODES) {
  await t.test(`a code that is not a text is left out: ${JSON.stringify(code)}`, async (t) => {
    const error = Object.assign(new TypeError('no'), { code })

    t.strictSame(toErrorReport(error), { type: 'TypeError', message: 'no', stack: error.stack })
  })
}

await t.test('a missing stack is left out', async (t) => {
  const error = new Error('no')
  delete error.stack

  t.strictSame(toErrorReport(error), { type: 'Error', message: 'no' })
})

await t.test('an error without a constructor is reported with its name', async (t) => {
  const error = Object.assign(new RangeError('no'), { constructor: undefined })

  t.equal(toErrorReport(error).type, 'RangeError')
})

const THROWN: ReadonlyArray<readonly [thrown: unknown, shown: string]> = [
  ['text', "'text'"],
  [7, '7'],
  [undefined, 'undefined'],
  [null, 'null'],
  [Symbol('s'), 'Symbol(s)'],
  [{ reason: 'full' }, "{ reason: 'full' }"],
  [Object.create(null), '[Object: null prototype] {}'],
  [{ toString () { throw new Error('no') } }, '{ toString: [Function: toString] }']
]

for (const [thrown, shown] of THROWN) {
  await t.test(`any thrown value is reported: ${shown}`, async (t) => {
    t.strictSame(toErrorReport(thrown), { message: `a value that is not an Error was thrown: ${shown}` })
  })
}

await t.test('a report survives the channel to the primary', async (t) => {
  const report = toErrorReport(Object.assign(new Error('no'), { code: 'E' }))

  t.strictSame(JSON.parse(JSON.stringify(report)), report)
})
