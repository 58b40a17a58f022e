import { createContext, runInContext } from 'node:vm'

import type { RunRecord } from '../../src/report/run-record.ts'

interface ChartOptions {
  readonly scales: Readonly<Record<string, { readonly range?: unknown }>>
  readonly axes: ReadonlyArray<{ readonly label: string, readonly splits?: unknown, readonly values?: unknown }>
  readonly series: ReadonlyArray<{ readonly label: string, readonly value?: (chart: unknown, raw: number | null) => string }>
  readonly hooks?: Readonly<Record<string, ReadonlyArray<(chart: unknown) => void>>>
}

/** What the script passed to the chart library, and what it drew itself. */
export interface DrawnChart {
  readonly options: ChartOptions
  readonly data: ReadonlyArray<ReadonlyArray<number | null>>
  /** Calls of the canvas, each `[method, ...arguments]`. */
  readonly calls: ReadonlyArray<readonly unknown[]>
  readonly attributes: ReadonlyMap<string, string>
}

const NAMES = ['throughput', 'latency', 'workers', 'connections', 'distribution']
const BOX = { left: 50, top: 10, width: 500, height: 200 }

/** Runs the script of the page without a browser, and with a chart library that draws nothing. */
export function drawCharts (script: string, record: RunRecord): ReadonlyMap<string, DrawnChart> {
  const charts = new Map<string, DrawnChart>()
  const plots = NAMES.map((chart) => ({
    dataset: { chart, label: `about ${chart}` }, clientWidth: 600, replaceChildren: () => {}, append: () => {}
  }))
  class FakeCharts {
    static readonly paths = { stepped: () => () => null }
    /** Aligns lists on one list of x values. */
    static join = (tables: ReadonlyArray<readonly [xs: number[], ys: number[]]>) => {
      const all = [...new Set(tables.flatMap(([xs]) => xs))].sort((one, other) => one - other)
      return [all, ...tables.map(([xs, ys]) => all.map((x) => ys[xs.indexOf(x)] ?? null))]
    }

    readonly bbox = BOX
    readonly width = 600
    readonly pxRatio = 1
    readonly scales: Record<string, { min: number, max: number }> = {}
    readonly ctx: unknown

    constructor (options: ChartOptions, data: DrawnChart['data'], plot: typeof plots[number]) {
      const calls: unknown[][] = []
      const attributes = new Map<string, string>()
      this.ctx = fakeCanvas(calls, attributes)
      charts.set(plot.dataset.chart, { options, data, calls, attributes })
      for (const [name, { range }] of Object.entries(options.scales)) {
        const all = (name === 'x' ? data[0] ?? [] : data.slice(1).flat()).filter((value) => value !== null)
        const ends = all.length === 0 ? [null, null] : [Math.min(...all), Math.max(...all)]
        const [min, max] = typeof range === 'function' ? range(this, ...ends) : range ?? [0, 1]
        this.scales[name] = { min, max }
      }
      for (const hooks of Object.values(options.hooks ?? {})) for (const hook of hooks) hook(this)
    }

    valToPos (value: number, name: string): number {
      const { min = 0, max = 1 } = this.scales[name] ?? {}
      const share = (value - min) / (max - min)
      return name === 'x' ? BOX.left + share * BOX.width : BOX.top + (1 - share) * BOX.height
    }

    destroy (): void {}
  }
  runInContext(script, createContext({
    uPlot: FakeCharts,
    document: {
      getElementById: () => ({ textContent: JSON.stringify(record) }),
      querySelectorAll: () => plots,
      createElement: () => ({ style: {}, append: () => {} }),
      documentElement: {},
      body: { clientWidth: 600 }
    },
    window: { addEventListener: () => {}, devicePixelRatio: 1 },
    getComputedStyle: () => ({ getPropertyValue: (name: string) => name }),
    matchMedia: () => ({ addEventListener: () => {} }),
    ResizeObserver: class { observe () {} }
  }))
  return charts
}

/** @returns a context that notes every call with its arguments and the current colour */
function fakeCanvas (calls: unknown[][], attributes: Map<string, string>): unknown {
  const state: Record<string, unknown> = {
    canvas: { setAttribute: (name: string, value: string) => { attributes.set(name, value) } },
    measureText: () => ({ width: 10 })
  }
  return new Proxy(state, {
    get: (_, name: string) => name in state
      ? state[name]
      : (...args: unknown[]) => { calls.push([name, ...args, name === 'fillRect' ? state.fillStyle : state.strokeStyle]) }
  })
}
