import t from 'tap'
import { showCheck } from '../../src/cli/check.ts'
import type { Attempt } from '../../src/primary/release/check.ts'
import { recordOutput } from './recorded-output.ts'

const READY: Attempt = { path: '/srv/app.js', durationMs: 1312, error: null, warning: null }

await t.test('a release that would start is ok', async (t) => {
  const output = recordOutput()

  t.equal(showCheck({ problems: [], application: READY }, false, output), 0)
  t.equal(output.out(), 'configuration ok\napplication ok (ready in 1,312 ms)\n')
  t.equal(output.err(), '')
})

await t.test('each problem of the configuration is shown, with code 78', async (t) => {
  const output = recordOutput()

  t.equal(showCheck({ problems: [{ message: 'one' }, { message: 'two' }], application: null }, false, output), 78)
  t.equal(output.out(), '')
  t.equal(output.err(), 'baton: one\nbaton: two\n')
})

await t.test('the cause is shown when an application cannot start, with a stack unless it is an error of ours, with code 3', async (t) => {
  for (const [error, told] of [
    [{ message: 'no plugin', code: 'BATON_NO_PLUGIN', stack: 'here' }, 'no plugin'],
    [{ message: 'Unexpected token', stack: 'app.js:7\nUnexpected token' }, 'app.js:7\nUnexpected token'],
    [{ message: 'odd' }, 'odd']
  ] as const) {
    const output = recordOutput()

    t.equal(showCheck({ problems: [], application: { ...READY, error } }, false, output), 3)
    t.equal(output.out(), 'configuration ok\n')
    t.equal(output.err(), `baton: the application cannot start: ${told}\n`)
  }
})

await t.test('an application that does not close cleanly is a warning', async (t) => {
  const output = recordOutput()

  t.equal(showCheck({ problems: [], application: { ...READY, warning: { message: 'it hangs' } } }, false, output), 0)
  t.equal(output.err(), 'baton: it hangs\n')
})

await t.test('--json prints the same as one object', async (t) => {
  for (const [result, code] of [
    [{ problems: [], application: READY }, 0],
    [{ problems: [{ message: 'one' }], application: null }, 78],
    [{ problems: [], application: { ...READY, error: { message: 'no' } } }, 3]
  ] as const) {
    const output = recordOutput()

    t.equal(showCheck(result, true, output), code)
    t.strictSame(JSON.parse(output.out()), { ok: code === 0, ...result })
    t.equal(output.err(), '')
  }
})
