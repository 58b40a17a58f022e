import { availableParallelism } from 'node:os'

import { formatFigure } from '../display/number-format.ts'
import { formatSpread, median, ratio, spreadOf } from '../measure/statistics.ts'
import { generatorNote, KEEP_ALIVE, measureInTurns, NEW_CONNECTIONS } from './overhead.ts'
import type { Part } from './section.ts'
import { startBaton } from './services.ts'

export const scaling: Part = {
  name: 'scaling',
  async run (settings) {
    const workers = Math.max(2, availableParallelism())
    const rows: string[][] = []
    const shares: number[] = []
    const gains: string[] = []
    for (const load of [KEEP_ALIVE, NEW_CONNECTIONS]) {
      const [many, single] = await measureInTurns(settings, load, async () => await startBaton(settings, workers), async () => await startBaton(settings, 1))
      const [a, b] = [many.map(({ rate }) => rate), single.map(({ rate }) => rate)]
      const gain = ratio(a, b)
      shares.push(median([...many, ...single].map(({ generatorShare }) => generatorShare)))
      gains.push(`${formatFigure(gain.median)} with ${load.name}`)
      rows.push([`${load.name}: requests a second`, formatSpread(spreadOf(a), formatFigure), formatSpread(spreadOf(b), formatFigure), formatSpread(gain, formatFigure)])
    }
    return {
      title: `All workers (${workers}) against one`,
      header: ['', `${workers} workers`, '1 worker', 'ratio'],
      rows,
      sentences: [
        `${workers} workers do this many times the work of one: ${gains.join(', ')}, on ${availableParallelism()} CPUs shared with the load generator.`,
        generatorNote(Math.max(...shares))
      ]
    }
  }
}
