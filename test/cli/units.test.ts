import t from 'tap'
import { bytes, count, delay, milliseconds, moment, seconds, span } from '../../src/cli/units.ts'

const ROWS: ReadonlyArray<readonly [string, string]> = [
  [milliseconds(1204.4), '1,204 ms'],
  [milliseconds(0), '0 ms'],
  [span(0), '0s'],
  [span(999), '0s'],
  [span(8_000), '8s'],
  [span(725_000), '12m 5s'],
  [span(3_600_000), '1h 0m'],
  [span(273_600_000), '3d 4h'],
  [span(400 * 86_400_000), '400d 0h'],
  [count(0), '0'],
  [count(9_999), '9999'],
  [count(10_000), '10 k'],
  [count(12_345), '12 k'],
  [count(999_499), '999 k'],
  [count(999_500), '1.0 M'],
  [count(1_230_000), '1.2 M'],
  [count(9_960_000), '10 M'],
  [count(5_000_000_000), '5.0 G'],
  [count(7e12), '7.0 T'],
  [bytes(512), '512 B'],
  [bytes(1_000), '1.0 kB'],
  [bytes(85_000_000), '85 MB'],
  [bytes(999_900_000), '1.0 GB'],
  [delay(2.4), '2 ms'],
  [delay(999.4), '999 ms'],
  [delay(999.6), '1.0 s'],
  [delay(31_000), '31 s'],
  [seconds(5_000), '5 s'],
  [seconds(100), '0.1 s'],
  [moment('2026-11-20T06:12:33.123Z'), '2026-11-20 06:12:33 UTC']
]

for (const [written, expected] of ROWS) {
  await t.test(`written for people: ${expected}`, async (t) => {
    t.equal(written, expected)
  })
}
