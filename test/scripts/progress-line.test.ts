import t from 'tap'

import { ProgressLine, formatProgress } from '../../scripts/load/progress-line.ts'

const PROGRESS = { elapsed: 5432, requests: 12_345, failures: 0, rate: 2345.6, generations: [1, 2, 3] }

await t.test('a run in progress is one line', async (t) => {
  t.equal(formatProgress(PROGRESS), '   5.4 s  12,345 requests  0 failed  2,346 a second  generations 1 to 3')
  t.match(formatProgress({ ...PROGRESS, generations: [4] }), / generation 4$/)
  t.match(formatProgress({ ...PROGRESS, generations: [] }), / generation \?$/)
})

await t.test('on a terminal the line is rewritten in place, cut to its width, and cleared at the end', async (t) => {
  const written: string[] = []
  const line = new ProgressLine({ isTTY: true, columns: 20, write: (text) => { written.push(text) } })

  line.update(PROGRESS)
  line.clear()

  t.strictSame(written, ['\r\x1b[2K   5.4 s  12,345 re', '\r\x1b[2K'])
  t.ok(line.interval < 1000)
})

await t.test('a terminal that says it has no columns gets the whole line', async (t) => {
  const written: string[] = []

  new ProgressLine({ isTTY: true, columns: 0, write: (text) => { written.push(text) } }).update(PROGRESS)

  t.strictSame(written, [`\r\x1b[2K${formatProgress(PROGRESS)}`])
})

await t.test('in a pipe each update is a line, every few seconds', async (t) => {
  const written: string[] = []
  const line = new ProgressLine({ write: (text) => { written.push(text) } })

  line.update(PROGRESS)
  line.clear()

  t.strictSame(written, [`${formatProgress(PROGRESS)}\n`])
  t.ok(line.interval >= 2000)
})
