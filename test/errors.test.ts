import t from 'tap'
import * as errors from '../src/errors.ts'

const { PidFileHeldError, toErrorReport } = errors

await t.test('every error has a code of its own', async (t) => {
  const codes = Object.values(errors)
    .filter((value) => value !== toErrorReport)
    .map((CustomError) => (new (CustomError as typeof errors.UsageError)('')).code)

  t.equal(new Set(codes).size, codes.length)
  t.ok(codes.length > 0 && codes.every((code) => code.startsWith('BATON_')), codes.join(' '))
})

await t.test('an error names the offending value', async (t) => {
  const error = new PidFileHeldError('/run/baton.pid', 42)

  t.match(error, { code: 'BATON_PID_FILE_HELD', message: /^PID_FILE \/run\/baton\.pid names the process 42, which is alive/ })
})

await t.test('an error is reported with its message, its code and its stack', async (t) => {
  const error = Object.assign(new Error('in use'), { code: 'EADDRINUSE', port: 3000 })

  t.strictSame(toErrorReport(error), { message: 'in use', code: 'EADDRINUSE', stack: error.stack })
})

const CODES: readonly unknown[] = [undefined, 42, null, {}]

for (const code of CODES) {
  await t.test(`a code that is not a text is left out: ${JSON.stringify(code)}`, async (t) => {
    const error = Object.assign(new TypeError('no'), { code })

    t.strictSame(toErrorReport(error), { message: 'no', stack: error.stack })
  })
}

await t.test('a stack that is not there is left out', async (t) => {
  const error = new Error('no')
  delete error.stack

  t.strictSame(toErrorReport(error), { message: 'no' })
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
  await t.test(`anything may have been thrown: ${shown}`, async (t) => {
    t.strictSame(toErrorReport(thrown), { message: `something that is not an Error was thrown: ${shown}` })
  })
}

await t.test('a report survives the channel to the primary', async (t) => {
  const report = toErrorReport(Object.assign(new Error('no'), { code: 'E' }))

  t.strictSame(JSON.parse(JSON.stringify(report)), report)
})
