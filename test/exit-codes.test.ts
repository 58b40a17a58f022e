import t from 'tap'
import { ExitCode } from '../src/exit-codes.ts'

await t.test('exit codes stay what scripts and unit files know them as', async (t) => {
  t.strictSame(ExitCode, { ok: 0, forced: 1, cannotStart: 3, gaveUp: 4, usage: 64, unavailable: 69, configuration: 78, interrupted: 130 })
})

await t.test('an exit code says one thing, and never that a signal ended the process', async (t) => {
  const codes = Object.values(ExitCode)

  t.equal(new Set(codes).size, codes.length)
  t.ok(codes.every((code) => code < 128 || code === ExitCode.interrupted))
})
