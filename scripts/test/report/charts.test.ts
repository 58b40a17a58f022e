import { readFileSync } from 'node:fs'

import t from 'tap'

import { pathTo } from '../../src/workspace.ts'
import { drawCharts, type DrawnChart } from '../helpers/fake-browser.ts'
import { failedRecord, sampleRecord } from '../helpers/sample-record.ts'

const SCRIPT = readFileSync(pathTo('src/report/browser/charts.js'), 'utf8')

const filled = (chart: DrawnChart | undefined) => chart?.calls.filter(([method]) => method === 'fillRect') ?? []

await t.test('each chart has a series for each list of its data, units on its axes, and a name on its canvas', async (t) => {
  for (const [name, { options, data, attributes }] of drawCharts(SCRIPT, sampleRecord())) {
    t.equal(options.series.length, data.length, name)
    t.ok(data.every((list) => list.length === data[0]?.length), `${name}: lists of one length`)
    t.match(options.axes[0]?.label, name === 'distribution' ? /^percent/ : /^seconds/)
    t.match(options.axes[1]?.label, /a second|milliseconds|%|connections/)
    t.equal(attributes.get('role'), 'img')
    t.equal(attributes.get('aria-label'), `about ${name}`)
  }
})

await t.test('the last slice of time, which the end of the load cuts short, is left out', async (t) => {
  const charts = drawCharts(SCRIPT, sampleRecord({ loadDuration: 1100 }))

  t.strictSame(charts.get('throughput')?.data.slice(0, 2), [[0.125, 0.375, 0.625, 0.875], [1600, 2000, 2000, 2000]])
  t.strictSame(charts.get('connections')?.data[1], [8, 9, 10, 9])
})

await t.test('reloads are shaded from SIGHUP to their end, those that did not complete in another colour', async (t) => {
  const [reload] = sampleRecord().reloads
  const charts = drawCharts(SCRIPT, sampleRecord({ reloads: reload === undefined ? [] : [reload, { ...reload, outcome: 'failed', at: 800, end: 900 }] }))

  for (const name of ['throughput', 'latency', 'connections']) {
    const shades = filled(charts.get(name)).filter(([, , , width]) => Number(width) > 1)
    t.strictSame(shades, [['fillRect', 200, 10, 125, 200, '--shade'], ['fillRect', 450, 10, 50, 200, '--bad-shade']], name)
  }
})

await t.test('each slice of time with failures has one cross, and a run without failures has none', async (t) => {
  const marks = (record: Parameters<typeof drawCharts>[1]) => {
    return drawCharts(SCRIPT, record).get('throughput')?.calls.filter(([method]) => method === 'stroke').length
  }

  t.equal(marks(sampleRecord()), 0)
  t.equal(marks(failedRecord('x', [10])), 3, 'a line and the two of a cross')
  t.equal(marks(failedRecord('x', [10, 20, 600, 1090])), 9)
})

await t.test('the shares of the workers fill the height, in the colours of their generations', async (t) => {
  const bands = filled(drawCharts(SCRIPT, sampleRecord()).get('workers')).filter(([, , , , , color]) => color !== '--ground')

  for (const left of [50, 175, 300, 425]) {
    const column = bands.filter(([, x]) => x === left)
    t.equal(column.reduce((sum, [, , , , height]) => sum + Number(height), 0), 200, `at ${left}`)
  }
  t.strictSame(bands.filter(([, x]) => x === 175).map(([, , , , height, color]) => [height, color]), [
    [50, '--generation-1'], [50, '--generation-2'], [100, '--generation-1']
  ])
})

await t.test('nothing is drawn at an invalid place, whatever is missing', async (t) => {
  const none = { answered: [], failed: [], p50: [], p99: [], max: [], connections: [], workers: [], interval: 100 }
  const nameless = { slot: undefined, generation: undefined, pid: undefined, first: 0, answered: [5] }
  const records = [
    sampleRecord(), failedRecord('x', [1, 999]), sampleRecord({ reloads: [], timeline: none, distributions: { inside: [], outside: [] } }),
    sampleRecord({ timeline: { ...sampleRecord().timeline, workers: [nameless] } }), sampleRecord({ loadDuration: 10 })
  ]
  for (const record of records) {
    for (const [name, { calls, options }] of drawCharts(SCRIPT, record)) {
      t.notOk(calls.flat().some((value) => Number.isNaN(value)), name)
      for (const { value } of options.series) if (value !== undefined) t.equal(value(undefined, null), '–')
    }
  }
})
