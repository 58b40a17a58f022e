import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { picture as runPicture } from '../../src/report/picture-program.ts'
import { renderPicture } from '../../src/report/picture.ts'
import { formatRunRecord } from '../../src/report/run-record.ts'
import { decades, linear, logarithmic, ticksUpTo } from '../../src/report/scale.ts'
import { stackWorkers } from '../../src/report/worker-stack.ts'
import { readMarkup } from '../helpers/markup.ts'
import { failedRecord, sampleRecord } from '../helpers/sample-record.ts'

await t.test('the picture is well formed, loads nothing, and describes itself in text', async (t) => {
  const elements = readMarkup(renderPicture(sampleRecord()))

  t.match(elements[0], { name: 'svg', attributes: /role="img" aria-labelledby="title about"/ })
  t.notOk(elements.some(({ name, attributes }) => name === 'image' || name === 'script' || /href|src/.test(attributes)))
})

await t.test('reloads are shaded on both panels, failures are crosses, and no failures are a text', async (t) => {
  const picture = renderPicture(sampleRecord())
  const failed = renderPicture(failedRecord('</text><script>x</script>', [10, 20, 600]))

  t.equal(picture.match(/<rect class="shade"/g)?.length, 2)
  t.match(picture, 'failed requests: 0')
  t.notMatch(picture, 'class="cross"')
  t.notMatch(failed, 'failed requests: 0')
  t.equal(/class="cross" d="([^"]*)"/.exec(failed)?.[1]?.match(/M/g)?.length, 2)
  readMarkup(failed)
})

await t.test('no coordinate is invalid, whatever is missing', async (t) => {
  const { timeline } = sampleRecord()
  const none = { ...timeline, answered: [], failed: [], p50: [], p99: [], max: [], connections: [], workers: [] }
  for (const record of [sampleRecord(), sampleRecord({ timeline: none, reloads: [] }), sampleRecord({ timeline: { ...timeline, workers: [] } })]) {
    t.notMatch(renderPicture(record), /NaN|undefined|Infinity/)
  }
})

await t.test('answers are stacked by worker, in proportion to those that name their worker', async (t) => {
  const { columns, highest, generations } = stackWorkers(sampleRecord())

  t.equal(highest, 2000)
  t.strictSame(generations, [1, 2])
  t.strictSame(columns[1], {
    from: 250,
    to: 500,
    bands: [{ generation: 1, low: 0, high: 500 }, { generation: 2, low: 500, high: 1000 }, { generation: 1, low: 1000, high: 2000 }],
    borders: [1000]
  })
})

await t.test('a long run is drawn in at most a hundred columns', async (t) => {
  const { timeline } = sampleRecord()
  const answered = Array.from({ length: 350 }, () => 100)
  const { columns } = stackWorkers({ loadDuration: 350 * 250, timeline: { ...timeline, answered, workers: [] } })

  t.equal(columns.length, 88)
  t.ok(columns.every(({ bands }) => bands[0]?.high === 400), 'also the last, which is shorter')
  t.equal(columns.at(-1)?.to, 350 * 250)
})

await t.test('scales and their ticks', async (t) => {
  t.equal(linear([0, 10], [100, 200])(5), 150)
  t.equal(logarithmic([1, 100], [200, 0])(10), 100)
  t.equal(logarithmic([1, 100], [200, 0])(0), 200, 'not below the lowest')
  for (const [limit, ticks] of [[0, [0, 0.25, 0.5, 0.75, 1]], [20, [0, 5, 10, 15, 20]], [2600, [0, 1000, 2000, 3000]], [40, [0, 10, 20, 30, 40]]] as const) {
    t.strictSame(ticksUpTo(limit), ticks, String(limit))
  }
  t.strictSame(decades(0.5, 20), [0.1, 1, 10, 100])
  t.strictSame(decades(1, 1), [1, 10])
})

await t.test('the program draws a record, and reports what it cannot read or write', async (t) => {
  const folder = t.testdir({ 'other.json': '{"format":"other"}', 'new.json': '{"format":"baton-load-test","version":2}', 'text.json': 'text' })
  const [run, picture] = [join(folder, 'run.json'), join(folder, 'run.svg')]
  writeFileSync(run, formatRunRecord(sampleRecord()))
  const rows: ReadonlyArray<readonly [args: readonly string[], code: number, output: RegExp]> = [
    [[run, picture], 0, /^$/],
    [['--help'], 0, /^Usage: npm run picture/],
    [[run], 64, /^1 files are given: there must be two/],
    [[join(folder, 'none.json'), picture], 64, /none\.json cannot be read: ENOENT/],
    [[join(folder, 'other.json'), picture], 64, /other\.json is not a record of a load test/],
    [[join(folder, 'text.json'), picture], 64, /text\.json is not a record of a load test/],
    [[join(folder, 'new.json'), picture], 64, /new\.json is a record of version 2: it must be of version 1/],
    [[run, folder], 64, /^the picture is .*, which cannot be written: it is a directory/]
  ]
  for (const [args, code, expected] of rows) {
    let output = ''
    const stream = { write: (text: string) => { output += text } }

    t.equal(await runPicture(args, { stdout: stream, stderr: stream }), code, String(expected))
    t.match(output, expected)
  }
  t.equal(readFileSync(picture, 'utf8'), renderPicture(sampleRecord()))
})
