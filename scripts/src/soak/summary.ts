import { formatTable } from '../display/text-table.ts'
import { growthOf, type Growth, type Point } from './growth.ts'
import { COUNTED, MEMORY, type Sample } from './sample.ts'

const MEGABYTE = 1e6
const HEADER = ['after reloads', 'descriptors', 'threads', 'handles', 'timers', 'heap MB', 'RSS MB']

/** @returns one line, for a run in progress */
export function formatSample (sample: Sample): string {
  const [, ...names] = HEADER
  const values = valuesOf(sample)
  return [`after ${sample.reloads} reloads`, ...names.map((name, column) => `${name} ${values[column]}`)].join('  ')
}

/** @returns a table of what the primary held, and by how much it grew */
export function formatSamples (samples: readonly Sample[]): string {
  const counts = COUNTED.map((name) => growthOf(series(samples, name)).slope.toFixed(3))
  const memory = MEMORY.map((name) => `${(growthOf(series(samples, name)).slope / 1000).toFixed(2)} KB`)
  return formatTable(HEADER, [
    ...samples.map((sample) => [String(sample.reloads), ...valuesOf(sample)]),
    ['growth per reload', ...counts, ...memory]
  ]).join('\n')
}

/** @returns a sentence for each leak, without its full stop */
export function findLeaks (samples: readonly Sample[]): string[] {
  return COUNTED.flatMap((name) => {
    const growth = growthOf(series(samples, name))
    return growth.isLeak ? [`${name} of the primary grow by ${growth.slope.toFixed(2)} per reload${name === 'descriptors' ? describeGrowingKinds(samples) : ''}`] : []
  })
}

function describeGrowingKinds (samples: readonly Sample[]): string {
  const kinds = [...new Set(samples.flatMap(({ kinds }) => Object.keys(kinds)))]
  const leaks = kinds.map((kind): [string, Growth] => {
    return [kind, growthOf(samples.map(({ reloads, kinds }) => ({ reloads, value: kinds[kind] ?? 0 })))]
  }).filter(([, { isLeak }]) => isLeak)
  return leaks.length === 0 ? '' : ` (${leaks.map(([kind]) => kind).join(', ')})`
}

function valuesOf (sample: Sample): string[] {
  return [...COUNTED.map((name) => String(sample[name])), ...MEMORY.map((name) => (sample[name] / MEGABYTE).toFixed(2))]
}

function series (samples: readonly Sample[], name: typeof COUNTED[number] | typeof MEMORY[number]): Point[] {
  return samples.map((sample) => ({ reloads: sample.reloads, value: sample[name] }))
}
