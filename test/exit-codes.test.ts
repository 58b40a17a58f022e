import t from 'tap'
import { ExitCode } from '../src/exit-codes.ts'

await t.test('exit codes do not change, because scripts and unit files rely on them', async (t) => {
  t.strictSame(ExitCode, { ok: 0, forced: 1, cannotStart: 3, gaveUp: 4, usage: 64, unavailable: 69, configuration: 78, interrupted: 130 })
})

await t.test('each exit code has one meaning, and none looks like the end by a signal', async (t) => {
  const codes = Object.values(ExitCode)

  t.equal(new Set(codes).size, codes.length)
  t.ok(codes.every((code) => code < 128 || code === ExitCode.interrupted))
})
