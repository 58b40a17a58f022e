import { stripVTControlCharacters } from 'node:util'

import t from 'tap'

import { formatBlock } from '../../src/display/live-block.ts'
import { createDisplay } from '../../src/display/progress-display.ts'
import { formatProgress } from '../../src/display/progress-line.ts'
import { sparkline } from '../../src/display/sparkline.ts'
import type { Progress } from '../../src/measure/progress-watch.ts'

const PROGRESS: Progress = {
  elapsed: 5432,
  duration: 20_000,
  requests: 12_345,
  failures: 0,
  rate: 2345.6,
  latencies: { p50: 1.23, p99: 234.5 },
  generations: [1, 2, 3],
  workers: [{ generation: 3, count: 2 }, { generation: 2, count: 1 }],
  reloads: { wanted: 5, ended: 2 },
  reloading: 678
}
const QUIET: Progress = { ...PROGRESS, reloading: undefined, latencies: undefined }
const PLAIN = { columns: 80, hasColor: false }

await t.test('in a pipe a run in progress is one line', async (t) => {
  t.equal(formatProgress(PROGRESS), '   5.4 s  12,345 requests  0 failed  2,346 a second  p99 235 ms  generations 1 to 3  reload 3 in progress')
  t.match(formatProgress({ ...QUIET, generations: [4] }), / generation 4$/)
  t.match(formatProgress({ ...QUIET, generations: [] }), / a second {2}generation \?$/)
})

await t.test('on a terminal it is a block', async (t) => {
  t.strictSame(formatBlock(PROGRESS, [0, 1000, 2345.6], PLAIN), [
    'time       5.4 s of 20.0 s, 14.6 s to go',
    'requests     2,346 a second  ▁▄█',
    'answers    p50 1.2 ms, p99 235 ms',
    'failures   0 of 12,345 requests',
    'workers    2 of generation 3, 1 of generation 2',
    'reload     3 of 5 in progress for 0.7 s'
  ])
})

await t.test('a block says when a figure is missing', async (t) => {
  const lines = formatBlock({ ...QUIET, elapsed: 21_000, workers: [], reloads: { wanted: 0, ended: 0 } }, [], PLAIN)

  t.match(lines, [/finishing$/, / a second$/, /none$/, /^failures/, /not seen$/, /none$/])
  t.match(formatBlock(QUIET, [], PLAIN).at(-1), /2 of 5 done$/)
})

await t.test('failures are red, a reload is yellow, and without color there are no codes', async (t) => {
  const failing = { ...PROGRESS, failures: 3 }
  const colored = formatBlock(failing, [1, 2], { columns: 80, hasColor: true })

  t.match(colored[3], '\x1b[1;31m3\x1b[0m of 12,345')
  t.match(colored[5], '\x1b[33m3 of 5 in progress\x1b[0m')
  t.strictSame(colored.map(stripVTControlCharacters), formatBlock(failing, [1, 2], PLAIN))
  t.notOk(formatBlock(failing, [1, 2], PLAIN).join('').includes('\x1b'))
})

await t.test('no line is as wide as its terminal, however narrow the terminal', async (t) => {
  for (const columns of [1, 2, 10, 20, 30, 40, 80, 200]) {
    const lines = formatBlock(PROGRESS, Array.from({ length: 300 }, (_, index) => index), { columns, hasColor: true })

    t.ok(lines.every((line) => stripVTControlCharacters(line).length < columns), `${columns} columns`)
    t.ok(lines.every((line) => line.split('\x1b[').length % 2 === 1), `${columns} columns: each color ends`)
  }
})

await t.test('a sparkline shows the last values, against the highest of them', async (t) => {
  t.equal(sparkline([9, 0, 1, 2], 3), '▁▅█')
  t.equal(sparkline([0, 0], 3), '▁▁')
  t.equal(sparkline([1, 2], 0), '')
  t.equal(sparkline([], 5), '')
})

await t.test('a block is rewritten in place, and removed at the end', async (t) => {
  const written: string[] = []
  const output = { isTTY: true, columns: 80, rows: 24, write: (text: string) => { written.push(text) } }
  const display = createDisplay(output, { NO_COLOR: '1' })
  const block = `${formatBlock(PROGRESS, [2345.6], PLAIN).join('\n')}\n`

  display.update(PROGRESS)
  display.update(PROGRESS)
  display.clear()
  display.clear()

  t.equal(written[0], block)
  t.equal(written[1], `\x1b[6A\x1b[J${formatBlock(PROGRESS, [2345.6, 2345.6], PLAIN).join('\n')}\n`)
  t.equal(written[2], '\x1b[6A\x1b[J')
  t.equal(written[3], '')
  t.ok(display.interval < 1000)
})

await t.test('wrapped lines of a terminal that became narrower are rewritten', async (t) => {
  const written: string[] = []
  const output = { isTTY: true, columns: 80, write: (text: string) => { written.push(text) } }
  const display = createDisplay(output, {})

  display.update(PROGRESS)
  output.columns = 30
  display.update(PROGRESS)

  // 40, 30, 34, 31, 47 and 39 columns in lines of 30.
  t.ok(written[1]?.startsWith('\x1b[11A\x1b[J'))
})

await t.test('a terminal without a size gets the whole block, a low terminal only the first lines', async (t) => {
  for (const [rows, lines] of [[0, 6], [3, 2], [1, 1]] as const) {
    const written: string[] = []
    createDisplay({ isTTY: true, columns: 0, rows, write: (text) => { written.push(text) } }, {}).update(PROGRESS)

    t.equal(written.join('').split('\n').length - 1, lines)
  }
})

await t.test('a pipe or a dumb terminal gets a line every few seconds', async (t) => {
  for (const [isTTY, env] of [[false, {}], [true, { TERM: 'dumb' }]] as const) {
    const written: string[] = []
    const display = createDisplay({ isTTY, columns: 20, write: (text) => { written.push(text) } }, env)

    display.update(PROGRESS)
    display.clear()

    t.strictSame(written, [`${formatProgress(PROGRESS)}\n`])
    t.ok(display.interval >= 2000)
  }
})
