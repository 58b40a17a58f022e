import { METRICS, type Metric } from './metrics.ts'

export interface Panel {
  id: number
  type: string
  title: string
  gridPos: { h: number, w: number, x: number, y: number }
  targets?: Array<{ expr: string, legendFormat: string }>
}

/** As much of it as the tests look at. */
export interface Dashboard {
  title: string
  uid: string
  panels: Panel[]
  annotations: { list: Array<{ name: string, expr: string }> }
  templating: { list: Array<{ name: string, query: string | { query: string } }> }
}

/** Added by Prometheus, and by a histogram. */
const LABELS = ['job', 'instance', 'le']
const BUILT_IN = ['__rate_interval']
const WORDS = ['by', 'and', 'or', 'unless', 'on', 'ignoring']
const SUFFIX = /_(bucket|sum|count)$/

/** @returns the expressions of panels and annotations */
export function expressionsOf ({ panels, annotations }: Dashboard): string[] {
  return [...panels.flatMap(({ targets = [] }) => targets), ...annotations.list].map(({ expr }) => expr)
}

/** @returns the names of metrics in an expression of PromQL, as they are sampled */
export function metricsIn (expression: string): string[] {
  const bare = expression
    .replace(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"/g, ' ')
    .replace(/\b(by|on|ignoring)\s*\([^)]*\)/g, ' ')
  return [...bare.matchAll(/(?<![\w.$])[a-z_][\w:]*(?!\w*\s*\()/gi)].map(([name]) => name).filter((name) => !WORDS.includes(name))
}

/** @returns the labels that an expression selects and sums by */
export function labelsIn (expression: string): string[] {
  const matchers = [...expression.matchAll(/\{([^}]*)\}/g)].flatMap(([, inside = '']) => [...inside.matchAll(/(\w+)\s*[=!]/g)].map(([, name = '']) => name))
  const sums = [...expression.matchAll(/\bby\s*\(([^)]*)\)/g)].flatMap(([, inside = '']) => inside.split(',').map((name) => name.trim()))
  return [...matchers, ...sums]
}

/** A histogram is sampled under other names than its own, and nothing else is. */
function metricOf (sampled: string): Metric | undefined {
  const histogram = METRICS[sampled.replace(SUFFIX, '')]
  const own = METRICS[sampled]
  if (SUFFIX.test(sampled) && histogram?.type === 'histogram') return histogram
  return own?.type === 'histogram' ? undefined : own
}

function overlap ({ gridPos: one }: Panel, { gridPos: other }: Panel): boolean {
  return one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h
}

/** @returns what is wrong with a dashboard */
export function problems (dashboard: Dashboard): string[] {
  const { panels, templating } = dashboard
  const expressions = expressionsOf(dashboard)
  const variables = templating.list.map(({ name }) => name)
  const used = [...JSON.stringify(dashboard).matchAll(/\$\{?(\w+)\}?/g)].map(([, name = '']) => name)
  return [
    ...panels.filter((panel, index) => panels.findIndex(({ id }) => id === panel.id) !== index).map(({ title }) => `the id of ${title} is taken`),
    ...panels.flatMap((panel, index) => panels.slice(index + 1).filter((other) => overlap(panel, other)).map(({ title }) => `${panel.title} covers ${title}`)),
    ...panels.filter(({ gridPos: { x, w } }) => x + w > 24).map(({ title }) => `${title} is too wide`),
    ...panels.filter(({ type, targets = [] }) => type !== 'row' && targets.length === 0).map(({ title }) => `${title} shows nothing`),
    ...expressions.filter((expression) => metricsIn(expression).length === 0).map((expression) => `no metric in ${expression}`),
    ...expressions.flatMap(metricsIn).filter((name) => metricOf(name) === undefined).map((name) => `there is no ${name}`),
    ...expressions.flatMap((expression) => labelsIn(expression)
      .filter((label) => !LABELS.includes(label) && !metricsIn(expression).every((name) => metricOf(name)?.labels.includes(label)))
      .map((label) => `no label ${label} in ${expression}`)),
    ...used.filter((name) => ![...variables, ...BUILT_IN].includes(name)).map((name) => `there is no variable ${name}`)
  ]
}
