import { setTimeout as sleep } from 'node:timers/promises'

import t from 'tap'

import { findDistortions, GeneratorWatch, type GeneratorReport } from '../../src/measure/generator-watch.ts'

const BUSY_TIME = 300
const HEALTHY: GeneratorReport = { loopDelay: { p99: 1, max: 80 }, loopUtilization: 0.5, cpus: 0.6 }

await t.test('a blocked event loop is noticed', async (t) => {
  const watch = new GeneratorWatch()
  // The delay is measured from the second sample on.
  await sleep(50)
  const from = performance.now()
  while (performance.now() - from < BUSY_TIME);
  await sleep(50)

  const { loopDelay, loopUtilization, cpus } = watch.stop()

  t.ok(loopDelay.max >= BUSY_TIME / 2, `late by ${loopDelay.max} ms`)
  t.ok(loopDelay.p99 <= loopDelay.max)
  t.ok(loopUtilization > 0.05 && loopUtilization <= 1, `busy for ${loopUtilization}`)
  t.ok(cpus > 0)
})

const DISTORTIONS: ReadonlyArray<readonly [title: string, generator: GeneratorReport, p99: number, expected: readonly RegExp[]]> = [
  ['is healthy', HEALTHY, 20, []],
  ['is late by a harmless delay', { ...HEALTHY, loopDelay: { p99: 1.9, max: 3 } }, 1, []],
  ['is late by a small part of the latencies', { ...HEALTHY, loopDelay: { p99: 25, max: 80 } }, 100, []],
  ['is late by a large part of the latencies', { ...HEALTHY, loopDelay: { p99: 26, max: 80 } }, 100, [/late by 26\.0 ms at p99 \(limit 25\.0 ms\)/]],
  ['is busy all the time', { ...HEALTHY, loopUtilization: 0.97 }, 20, [/busy 97 % of the time \(limit 90 %\)/]],
  ['is at both limits', { ...HEALTHY, loopDelay: { p99: 9, max: 9 }, loopUtilization: 1 }, 10, [/busy/, /late/]]
]

for (const [title, generator, p99, expected] of DISTORTIONS) {
  await t.test(`a load generator that ${title} has ${expected.length} distortions`, async (t) => {
    const found = findDistortions(generator, p99)

    t.equal(found.length, expected.length)
    for (const [index, pattern] of expected.entries()) t.match(found[index], pattern)
  })
}
