import { describeGenerator, distortionsOf } from '../display/load-summary.ts'
import { formatCount, formatMs } from '../display/number-format.ts'
import type { Assets } from './assets.ts'
import { captionCharts, type ChartCaption } from './chart-captions.ts'
import { Html, html, jsonForScript } from './html.ts'
import { failuresTables, kindsTable, machineTable, reloadsTable, settingsTable } from './page-tables.ts'
import { formatRunRecord, type RunRecord } from './run-record.ts'

/** A verdict with a hundred reasons is too long for a headline. */
const MAX_HEADLINE_LENGTH = 240

/** Forbids the browser to load anything. */
const CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

/** @returns a run as one HTML file, which opens without a network */
export function renderPage (record: RunRecord, { style, script, licence }: Assets): string {
  const { verdict, date, command, kinds } = record
  const clients = kinds.reduce((sum, { clients }) => sum + clients, 0)
  const headline = verdict.sentence.length > MAX_HEADLINE_LENGTH ? `${verdict.sentence.slice(0, MAX_HEADLINE_LENGTH)}…` : verdict.sentence
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${CONTENT_SECURITY_POLICY}">
<link rel="icon" href="data:,">
<title>Baton load test: ${verdict.isGood ? 'no request failed' : 'failed'}</title>
<style>
${new Html(style)}
</style>
</head>
<body>
<header class="${verdict.isGood ? 'good' : 'bad'}">
<p class="badge">${verdict.isGood ? '✓ Passed' : '✗ Failed'}</p>
<h1>${headline}</h1>
${headline === verdict.sentence ? undefined : html`<details><summary>The full verdict</summary><p>${verdict.sentence}</p></details>`}
<p class="origin">Load test of Baton, <time datetime="${date}">${date.slice(0, 16).replace('T', ' ')} UTC</time>, ${clients} clients of ${kinds.length} kinds</p>
${distortionsOf(record).map((distortion) => html`<p class="distortion">${capitalize(distortion)}.</p>\n`)}</header>
<main>
${keyFigures(record)}
<section aria-labelledby="course">
<h2 id="course">The run over time</h2>
<noscript><p>The charts need JavaScript; the tables below do not.</p></noscript>
${captionCharts(record).map(chart)}
</section>
<section aria-labelledby="figures">
<h2 id="figures">Figures</h2>
${failuresTables(record)}
${reloadsTable(record)}
${kindsTable(record)}
</section>
<section aria-labelledby="circumstances">
<h2 id="circumstances">Settings and versions</h2>
<p>Command: <code>${command}</code></p>
${settingsTable(record)}
${machineTable(record)}
${generatorLine(record)}
</section>
</main>
<footer>
<details><summary>Licence of uPlot, which draws the charts</summary><pre>${licence}</pre></details>
</footer>
<script type="application/json" id="record">${jsonForScript(formatRunRecord(record))}</script>
<script>
${new Html(script)}
</script>
</body>
</html>
`.text
}

/** Records of earlier releases have only the longest delay. */
function generatorLine ({ generator, eventLoopDelay }: Partial<Pick<RunRecord, 'generator'>> & Pick<RunRecord, 'eventLoopDelay'>): Html {
  const known = generator === undefined ? '' : `${capitalize(describeGenerator(generator))}. `
  return html`<p>${known}The event loop of the clients was late by at most ${formatMs(eventLoopDelay)} ms, by which latencies may be too high.</p>`
}

function capitalize (sentence: string): string {
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`
}

function keyFigures ({ requests, failures, loadDuration, reloads, reloadsWanted, inside, outside }: RunRecord): Html {
  const completed = reloads.filter(({ outcome }) => outcome === 'completed').length
  const figures: ReadonlyArray<readonly [name: string, figure: string, tone?: string]> = [
    ['failed requests', formatCount(failures), failures === 0 ? 'good' : 'bad'],
    ['requests', formatCount(requests)],
    ['a second', formatCount(Math.round(requests / loadDuration * 1000))],
    ['reloads completed', reloadsWanted === completed ? String(completed) : `${completed} of ${reloadsWanted}`, reloadsWanted === completed ? '' : 'bad'],
    ...(inside.answered === 0 ? [] : [['p99 inside reloads', `${formatMs(inside.p99)} ms`] as const]),
    ...(outside.answered === 0 ? [] : [['p99 outside reloads', `${formatMs(outside.p99)} ms`] as const])
  ]
  return html`<dl class="figures">${figures.map(([name, figure, tone = '']) => {
    return html`<div class="${tone}"><dt>${name}</dt><dd>${figure}</dd></div>\n`
  })}</dl>`
}

function chart ({ name, title, sentence, isEmpty = false }: ChartCaption): Html {
  return html`<figure>
<figcaption><h3>${title}</h3><p>${sentence}</p></figcaption>
${isEmpty ? undefined : html`<div class="plot" data-chart="${name}" data-label="${title}: ${sentence}"></div>`}
</figure>
`
}
