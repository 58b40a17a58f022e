import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import { pathTo } from '../workspace.ts'

/** What the page contains, because it loads nothing. */
export interface Assets {
  readonly style: string
  readonly script: string
  /** Of the chart library, which must be included in every copy. */
  readonly licence: string
}

/** Not compiled, so it exists only among the sources. */
const BROWSER = pathTo('src/report/browser')

export function readAssets (): Assets {
  const library = dirname(createRequire(import.meta.url).resolve('uplot/package.json'))
  const read = (...path: string[]) => readFileSync(join(...path), 'utf8').trim()
  return {
    style: [read(library, 'dist', 'uPlot.min.css'), read(BROWSER, 'page.css')].join('\n'),
    script: [read(library, 'dist', 'uPlot.iife.min.js'), read(BROWSER, 'charts.js')].join('\n'),
    licence: read(library, 'LICENSE')
  }
}
