import type { RunRecord } from './run-record.ts'

/** A slice of time, with the answers of all workers stacked. Milliseconds, and answers a second. */
interface Column {
  readonly from: number
  readonly to: number
  readonly bands: ReadonlyArray<{ readonly generation: number | undefined, readonly low: number, readonly high: number }>
  /** Where one slot ends and the next begins. */
  readonly borders: readonly number[]
}

export interface WorkerStack {
  readonly columns: readonly Column[]
  /** The most answers a second. */
  readonly highest: number
  readonly generations: ReadonlyArray<number | undefined>
}

/** More would be too thin to see, and the share of a few answers is noise. */
const MAX_COLUMNS = 100

/** Splits the answers of all kinds among the workers, in proportion to the answers that name them. */
export function stackWorkers ({ timeline, loadDuration }: Pick<RunRecord, 'timeline' | 'loadDuration'>): WorkerStack {
  const { interval, answered, workers } = timeline
  const slices = Math.min(answered.length, Math.floor(loadDuration / interval))
  const step = Math.max(1, Math.ceil(slices / MAX_COLUMNS))
  const columns: Column[] = []
  for (let slice = 0; slice < slices; slice += step) {
    const end = Math.min(slice + step, slices)
    const rate = sum(answered.slice(slice, end)) / ((end - slice) * interval) * 1000
    const named = workers.map(({ slot, generation, first, answered }) => {
      return { slot, generation, answers: sum(answered.slice(Math.max(0, slice - first), Math.max(0, end - first))) }
    }).filter(({ answers }) => answers > 0)
    columns.push({ from: slice * interval, to: end * interval, ...stack(named, rate) })
  }
  return {
    columns,
    highest: columns.reduce((most, { bands }) => Math.max(most, bands.at(-1)?.high ?? 0), 0),
    generations: [...new Set(columns.flatMap(({ bands }) => bands.map(({ generation }) => generation)))]
  }
}

interface Named {
  readonly slot: number | undefined
  readonly generation: number | undefined
  readonly answers: number
}

function stack (named: readonly Named[], rate: number): Pick<Column, 'bands' | 'borders'> {
  // No answer names its worker.
  if (named.length === 0) return { bands: [{ generation: undefined, low: 0, high: rate }], borders: [] }
  const total = sum(named.map(({ answers }) => answers))
  let high = 0
  const bands = named.map(({ generation, answers }) => {
    const low = high
    high += answers / total * rate
    return { generation, low, high }
  })
  const borders = bands.filter((_, index) => index > 0 && named[index - 1]?.slot !== named[index]?.slot).map(({ low }) => low)
  return { bands, borders }
}

function sum (numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
