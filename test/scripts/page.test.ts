import t from 'tap'

import { parseRunRecord } from '../../scripts/load/run-record.ts'
import { readAssets } from '../../scripts/report/assets.ts'
import { renderPage } from '../../scripts/report/page.ts'
import { readMarkup } from './helpers/markup.ts'
import { failedRecord, sampleRecord } from './helpers/sample-record.ts'

const ASSETS = readAssets()
const HOSTILE = '</script><script>alert(1)</script><img src="https://example.com/x.png" onerror=\'alert(2)\'>&amp;'

await t.test('the page asks for nothing: no address to load from, and a policy that forbids it', async (t) => {
  const page = renderPage(sampleRecord(), ASSETS)

  const elements = readMarkup(page)
  const policy = elements.find(({ attributes }) => attributes.includes('Content-Security-Policy'))
  const addresses = elements.flatMap(({ attributes }) => [...attributes.matchAll(/\b(?:src|href|action|data|poster|srcset)="([^"]*)"/g)].map(([, address]) => address))
  const styles = elements.filter(({ name }) => name === 'style').map(({ content }) => content).join('')
  t.strictSame(addresses, ['data:,'])
  t.notMatch(styles, /@import|url\(|https?:/)
  t.match(policy?.attributes, /content="default-src &#39;none&#39;;/)
})

await t.test('what the server says is text: it adds no element and ends no script', async (t) => {
  const harmless = readMarkup(renderPage(failedRecord('ECONNRESET', [300]), ASSETS))
  const record = failedRecord(HOSTILE, [300])

  const page = renderPage(record, ASSETS)

  const elements = readMarkup(page)
  t.strictSame(elements.map(({ name }) => name), harmless.map(({ name }) => name))
  t.strictSame(parseRunRecord(page, 'page'), JSON.parse(JSON.stringify(record)))
  t.match(page, '<td class="word">&lt;/script&gt;&lt;script&gt;alert(1)')
})

await t.test('zero failures are said', async (t) => {
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

await t.test('a long verdict is cut in the headline and whole below it', async (t) => {
  const sentence = `FAILED: ${'reload 1 is failed; '.repeat(20)}the end.`

  const page = renderPage(sampleRecord({ verdict: { isGood: false, sentence } }), ASSETS)

  t.match(page, /<h1>FAILED: .*…<\/h1>/)
  t.match(page, `<p>${sentence}</p>`)
})

await t.test('a run without reloads, without names of workers and without known settings has a page', async (t) => {
  const { settings, ...record } = sampleRecord({ reloads: [], reloadsWanted: 0 })
  const page = renderPage({ ...record, timeline: { ...record.timeline, workers: [] } }, ASSETS)

  t.match(page, 'The service did not reload during this run.')
  t.match(page, 'The answers do not say which worker gave them.')
  t.notMatch(page, 'data-chart="workers"')
  t.match(page, 'Somebody else started the service')
  t.ok(settings)
  readMarkup(page)
})

await t.test('each chart has a name and a sentence for those who cannot see it, each table a caption', async (t) => {
  const elements = readMarkup(renderPage(sampleRecord(), ASSETS))

  const plots = elements.filter(({ attributes }) => attributes.includes('data-chart'))
  t.equal(plots.length, 5)
  t.ok(plots.every(({ attributes }) => /data-label="[A-Z][^"]+: [^"]+\.\)?"/.test(attributes)))
  t.equal(elements.filter(({ name }) => name === 'caption').length, elements.filter(({ name }) => name === 'table').length)
})

await t.test('the licence of the charts goes with them', async (t) => {
  const page = renderPage(sampleRecord(), ASSETS)

  t.match(page, 'The MIT License')
  t.match(page, /Copyright \(c\) \d+ Leon Sorokin/)
  t.match(page, 'Permission is hereby granted')
})
