import t from 'tap'

import { readAssets } from '../../src/report/assets.ts'
import { renderPage } from '../../src/report/page.ts'
import { parseRunRecord, type RunRecord } from '../../src/report/run-record.ts'
import { readMarkup } from '../helpers/markup.ts'
import { failedRecord, sampleRecord } from '../helpers/sample-record.ts'

const ASSETS = readAssets()
const HOSTILE = '</script><script>alert(1)</script><img src="https://example.com/x.png" onerror=\'alert(2)\'>&amp;'

await t.test('the page loads nothing: it has no address to load from, and a policy that forbids it', async (t) => {
  const page = renderPage(sampleRecord(), ASSETS)

  const elements = readMarkup(page)
  const policy = elements.find(({ attributes }) => attributes.includes('Content-Security-Policy'))
  const addresses = elements.flatMap(({ attributes }) => [...attributes.matchAll(/\b(?:src|href|action|data|poster|srcset)="([^"]*)"/g)].map(([, address]) => address))
  const styles = elements.filter(({ name }) => name === 'style').map(({ content }) => content).join('')
  t.strictSame(addresses, ['data:,'])
  t.notMatch(styles, /@import|url\(|https?:/)
  t.match(policy?.attributes, /content="default-src &#39;none&#39;;/)
})

await t.test('text of the server stays text: it adds no element and ends no script', async (t) => {
  const harmless = readMarkup(renderPage(failedRecord('ECONNRESET', [300]), ASSETS))
  const record = failedRecord(HOSTILE, [300])

  const page = renderPage(record, ASSETS)

  const elements = readMarkup(page)
  t.strictSame(elements.map(({ name }) => name), harmless.map(({ name }) => name))
  t.strictSame(parseRunRecord(page, 'page'), JSON.parse(JSON.stringify(record)))
  t.match(page, '<td class="word">&lt;/script&gt;&lt;script&gt;alert(1)')
})

await t.test('the page says that no request failed', async (t) => {
  const page = renderPage(sampleRecord(), ASSETS)

  t.match(page, '<h1>No request failed: 2,000 requests.</h1>')
  t.match(page, '<div class="good"><dt>failed requests</dt><dd>0</dd></div>')
  t.match(page, 'None of 2,000 requests failed, so there are no marks.')
  t.notMatch(page, 'Failures by reason')
})

await t.test('failures are listed by reason, and one by one', async (t) => {
  const page = renderPage(failedRecord('ECONNRESET', [300, 800]), ASSETS)

  t.match(page, '<header class="bad">')
  t.match(page, 'Failures by reason')
  t.match(page, /Every failure.*ECONNRESET<\/td><td class="number">0\.300/s)
  t.match(renderPage(failedRecord('x', Array.from({ length: 101 }, () => 1)), ASSETS), 'The first 100 of 101 failures')
})

await t.test('a long verdict is cut in the headline and complete below it', async (t) => {
  const sentence = `FAILED: ${'reload 1: failed; '.repeat(20)}the end.`

  const page = renderPage(sampleRecord({ verdict: { isGood: false, sentence } }), ASSETS)

  t.match(page, /<h1>FAILED: .*…<\/h1>/)
  t.match(page, `<p>${sentence}</p>`)
})

await t.test('a run without reloads, workers and settings has a page', async (t) => {
  const { settings, ...record } = sampleRecord({ reloads: [], reloadsWanted: 0 })
  const page = renderPage({ ...record, timeline: { ...record.timeline, workers: [] } }, ASSETS)

  t.match(page, 'The service did not reload during this run.')
  t.match(page, 'The answers do not name their workers.')
  t.notMatch(page, 'data-chart="workers"')
  t.match(page, 'The service was not started by the load test')
  t.ok(settings)
  readMarkup(page)
})

await t.test('each chart has a name and a sentence for readers who cannot see it, each table a caption', async (t) => {
  const elements = readMarkup(renderPage(sampleRecord(), ASSETS))

  const plots = elements.filter(({ attributes }) => attributes.includes('data-chart'))
  t.equal(plots.length, 5)
  t.ok(plots.every(({ attributes }) => /data-label="[A-Z][^"]+: [^"]+\.\)?"/.test(attributes)))
  t.equal(elements.filter(({ name }) => name === 'caption').length, elements.filter(({ name }) => name === 'table').length)
})

await t.test('distortions by the load generator are shown below the verdict', async (t) => {
  const healthy = sampleRecord()
  const late = { loopDelay: { p99: 30, max: 80 }, loopUtilization: 0.96, cpus: 1.5 }

  const page = renderPage({ ...healthy, generator: late }, ASSETS)

  const header = page.slice(page.indexOf('<header'), page.indexOf('</header>'))
  t.match(header, '<p class="distortion">The load generator distorts the figures: its event loop was busy 96 % of the time (limit 90 %)')
  t.match(header, '<p class="distortion">The load generator distorts the figures: its event loop was late by 30.0 ms at p99 (limit 2.0 ms)')
  t.match(page, '<p>Load generator: 1.50 processors, event loop busy 96 % of the time, late by 30.0 ms at p99 and 80.0 ms at most. ')
  readMarkup(page)
  t.notMatch(renderPage(healthy, ASSETS), 'class="distortion"')
  t.match(renderPage(healthy, ASSETS), '<p>Load generator: 0.40 processors, ')
})

await t.test('requests that were not processed have a column when there are any', async (t) => {
  const record = sampleRecord()
  const kinds = record.kinds.map((kind) => ({ ...kind, unprocessed: 1234 }))

  const page = renderPage({ ...record, kinds }, ASSETS)

  t.match(page, '<th scope="col" class="number">unprocessed</th>')
  t.match(page, /<tbody>\s*<tr><th scope="row">quick<\/th>.*<td class="number">1,234<\/td>.*<tfoot>.*<td class="number">1,234<\/td>/s)
  readMarkup(page)
  t.notMatch(renderPage(record, ASSETS), 'unprocessed</th>')
})

await t.test('the records of earlier releases, which know less or more, have a page', async (t) => {
  const { generator, ...record } = sampleRecord()
  const kinds = record.kinds.map(({ unprocessed, ...kind }) => kind)

  const page = renderPage({ ...record, kinds } as unknown as RunRecord, ASSETS)
  const another = renderPage({ ...record, generator: { ...generator, threads: 0 } } as unknown as RunRecord, ASSETS)

  t.match(page, '<p>The event loop of the clients was late by at most 1.0 ms,')
  t.notMatch(page.slice(page.indexOf('<body>'), page.indexOf('<script')), /undefined|NaN/)
  t.match(another, '<p>Load generator: 0.40 processors, ')
  readMarkup(page)
})

await t.test('the licence of the chart library is included', async (t) => {
  const page = renderPage(sampleRecord(), ASSETS)

  t.match(page, 'The MIT License')
  t.match(page, /Copyright \(c\) \d+ Leon Sorokin/)
  t.match(page, 'Permission is hereby granted')
})
