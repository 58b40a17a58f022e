import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { expressionsOf, metricsIn, problems, type Dashboard, type Panel } from './dashboard-problems.ts'
import { FOLDER } from './manifests.ts'
import { METRICS } from './metrics.ts'

function read (): Dashboard {
  return JSON.parse(readFileSync(join(FOLDER, 'grafana/baton.json'), 'utf8'))
}

await t.test('the dashboard shows what there is', async (t) => {
  t.strictSame(problems(read()), [])
})

await t.test('the dashboard shows all metrics of Baton, and reloads on all panels', async (t) => {
  const dashboard = read()
  const shown = new Set(expressionsOf(dashboard).flatMap(metricsIn).map((name) => name in METRICS ? name : name.replace(/_[a-z]+$/, '')))

  t.strictSame([...shown].sort(), Object.keys(METRICS).sort())
  t.match(dashboard.annotations.list.map(({ name }) => name), ['Reload windows', 'Reloads'])
})

function panelOf ({ panels }: Dashboard, title: string): Panel {
  return panels.find((panel) => panel.title === title) as Panel
}

function ask (dashboard: Dashboard, expr: string): void {
  Object.assign(panelOf(dashboard, 'CPU'), { targets: [{ expr, legendFormat: '' }] })
}

const BROKEN: ReadonlyArray<readonly [problem: string, breakIt: (dashboard: Dashboard) => void]> = [
  ['the id of CPU is taken', (dashboard) => { panelOf(dashboard, 'CPU').id = panelOf(dashboard, 'Connections').id }],
  ['Event loop lag covers CPU', (dashboard) => { panelOf(dashboard, 'CPU').gridPos.x -= 1 }],
  ['CPU is too wide', (dashboard) => { panelOf(dashboard, 'CPU').gridPos.w += 1 }],
  ['CPU shows nothing', (dashboard) => { delete panelOf(dashboard, 'CPU').targets }],
  ['no metric in sum by (slot) (1)', (dashboard) => { ask(dashboard, 'sum by (slot) (1)') }],
  ['there is no process_cpu_seconds', (dashboard) => { ask(dashboard, 'rate(process_cpu_seconds{job="a"}[5m])') }],
  ['there is no baton_reload_duration_seconds', (dashboard) => { ask(dashboard, 'baton_reload_duration_seconds') }],
  ['there is no baton_connections_sum', (dashboard) => { ask(dashboard, 'baton_generation / baton_connections_sum') }],
  ['no label worker in sum by (worker) (baton_workers)', (dashboard) => { ask(dashboard, 'sum by (worker) (baton_workers)') }],
  ['no label slot in baton_workers{slot!=""}', (dashboard) => { ask(dashboard, 'baton_workers{slot!=""}') }],
  ['there is no baton_reload', ({ annotations }) => { Object.assign(annotations.list[0] as object, { expr: 'baton_reload > 0' }) }],
  ['there is no variable pod', (dashboard) => { ask(dashboard, 'baton_workers{instance="$pod"}') }]
]

for (const [problem, breakIt] of BROKEN) {
  await t.test(`a dashboard is refused: ${problem}`, async (t) => {
    const dashboard = read()
    breakIt(dashboard)

    t.strictSame(problems(dashboard), [problem])
  })
}
