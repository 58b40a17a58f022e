import type { RunRecord } from './run-record.ts'

/** A piece of time, from the answers of one worker up to those of all. Milliseconds, and answers a second. */
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

/** More would be thinner than anybody sees, and a share of few answers is noise. */
const MAX_COLUMNS = 100

/** Splits the answers of all kinds over the workers, in proportion to the answers that name theirs. */
export function stackWorkers ({ timeline, loadDuration }: Pick<RunRecord, 'timeline' | 'loadDuration'>): WorkerStack {
  const { interval, answered, workers } = timeline
  const pieces = Math.min(answered.length, Math.floor(loadDuration / interval))
  const step = Math.max(1, Math.ceil(pieces / MAX_COLUMNS))
  const columns: Column[] = []
  for (let piece = 0; piece < pieces; piece += step) {
    const end = Math.min(piece + step, pieces)
    const rate = sum(answered.slice(piece, end)) / ((end - piece) * interval) * 1000
    const named = workers.map(({ slot, generation, first, answered }) => {
      return { slot, generation, answers: sum(answered.slice(Math.max(0, piece - first), Math.max(0, end - first))) }
    }).filter(({ answers }) => answers > 0)
    columns.push({ from: piece * interval, to: end * interval, ...stack(named, rate) })
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
  // Nobody says who it was.
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
